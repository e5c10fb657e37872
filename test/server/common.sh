# What the servers' scripts share: ports, users, root, and an end that is certain. Sourced, with `here` and `name` set.
# shellcheck shell=bash disable=SC2034
PATH=$PATH:/usr/sbin:/sbin
domain=postrider.example
size_limit=22000000
host_name=mail.example   # what the servers' certificate is for

say() { echo "test/server/$name: $*" >&2; }
usage() { sed -n 's/^# \(Usage: \| *\)\(test\/server\/.*\)/\1\2/p' "$0" >&2; exit 64; }

# Runs the script again under sudo if that is needed: as_root start DIR USER PASSWORD-FILE
as_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null || { say "needs root, or sudo, to $1 the server"; exit 77; }
    say "needs root to $1 the server: sudo $0 $*"
    "$here/certificates" >/dev/null   # they belong to whoever has the tree, as what was unpacked does
    exec sudo env "SUBMISSION_TO=${SUBMISSION_TO:-}" "SASL_FROM=${SASL_FROM:-}" "IDLE_SECONDS=${IDLE_SECONDS:-}" "PORTS_FROM=${PORTS_FROM:-}" "$here/$name" "$@"
}

# Who is to read and remove what a run leaves, as UID:GID: whoever called sudo, or the user given
owner() { if [ -n "${SUDO_UID:-}" ]; then echo "$SUDO_UID:$SUDO_GID"; else echo "$(id -u "$1"):$(id -g "$1")"; fi; }

make_service_group() { getent group "$1" >/dev/null || groupadd --system "$1" || getent group "$1" >/dev/null; }
make_service_user() {
    make_service_group "$1"
    getent passwd "$1" >/dev/null ||
        useradd --system --gid "$1" --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$1" ||
        getent passwd "$1" >/dev/null
}

# DIR/certificates: ca.pem, good.pem and good.key for a server
make_certificates() {
    local made
    made=$("$here/certificates")
    mkdir -p "$1/certificates"
    cp -r "$made/." "$1/certificates"
}

# A log that whoever runs the test can read; the servers themselves make theirs for root alone
open_log() { touch "$1" && chmod 644 "$1"; }

# `["A", "B"]`, from A B
json_list() { local text; text=$(printf '"%s", ' "$@"); echo "[${text%, }]"; }

# A port that is free on both families, below the range that the kernel hands out to clients, and none of those given. Of the
# thousand behind PORTS_FROM, if the environment has that: servers that start side by side would take each other's.
free_port() {
    local port from=${PORTS_FROM:-20000} among=10000
    [ -z "${PORTS_FROM:-}" ] || among=1000
    for _ in {1..100}; do
        port=$((from + RANDOM % among))
        [[ " $* " != *" $port "* ]] || continue
        grep -qE ": [0-9A-F]+:$(printf %04X "$port") [0-9A-F]+:0000 0A" /proc/net/tcp /proc/net/tcp6 || { echo "$port"; return; }
    done
    say "found no free port between 20000 and 29999"; exit 1
}

# Whether all these ports take connections on both families; waits for it, 10 seconds at most
answers() {
    local address port
    for port; do
        for address in 127.0.0.1 ::1; do
            for _ in {1..200}; do
                ! (: <"/dev/tcp/$address/$port") 2>/dev/null || continue 2
                sleep 0.05
            done
            return 1
        done
    done
}

# The folders with libraries of an unpacked tree, as LD_LIBRARY_PATH has them
libraries_of() { find "$1" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:; }

# For a server whose paths are fixed when it is built: DIR/root, a root of its own, in which LD_LIBRARY_PATH is not needed.
# own_root ROOT TREE PATH... copies what TREE has at PATH, the libraries of all that, and a shell.
own_root() {
    local root=$1 tree=$2 path library from
    shift 2
    mkdir -p "$root"/{bin,dev,etc,lib64,run,tmp,usr/lib,var}
    chmod 1777 "$root/tmp"
    ln -sfn ../run "$root/var/run"
    ln -sfn usr/lib "$root/lib"
    [ -e "$root/dev/null" ] || mknod -m 666 "$root/dev/null" c 1 3
    [ -e "$root/dev/urandom" ] || mknod -m 444 "$root/dev/urandom" c 1 9
    cp -L /bin/sh "$root/bin/sh"
    for path; do
        mkdir -p "$root$(dirname "$path")"
        cp -a "$tree$path" "$root$path"
    done
    # The loader goes where the programs say, the rest where the loader looks first
    find "$root/bin" "$root/usr" -type f \( -perm /111 -o -name '*.so*' \) -print0 |
        { LD_LIBRARY_PATH=$(libraries_of "$tree") xargs -0 ldd 2>/dev/null || true; } |   # there are scripts among them
        awk '$2 == "=>" { print $1, $3 } /^[ \t]*\/[^ ]* \(/ { print $1, $1 }' | sort -u |
        while read -r library from; do
            [ "${library:0:1}" = / ] || library=/usr/lib/$library
            mkdir -p "$root${library%/*}"
            [ -e "$root$library" ] || cp -L "$from" "$root$library"
        done
}

# The processes in DIR/root
processes_in_root() {
    local process
    for process in /proc/[0-9]*; do
        case $(readlink "$process/root") in "$1"/root | "$1"/root/*) echo "${process#/proc/}" ;; esac
    done
}

# Ends what `processes_on DIR` prints, and what comes to it meanwhile
end_processes_on() {
    local pids
    for _ in {1..100}; do
        pids=$(processes_on "$1")
        [ -n "$pids" ] || return 0
        # shellcheck disable=SC2086
        kill -TERM $pids 2>/dev/null || true
        sleep 0.05
    done
    say "had to be killed after 5 s"
    # shellcheck disable=SC2046
    kill -KILL $(processes_on "$1") 2>/dev/null || true
}

# The processes whose program is the first argument and which have the second as an argument of their own
processes_with() {
    local pid
    for pid in $(grep -lzsxF -- "$2" /proc/[0-9]*/cmdline | tr -dc '0-9\n'); do
        [ "$(readlink "/proc/$pid/exe")" != "$1" ] || echo "$pid"
    done
}

main() {
    case ${1:-} in
        start) [ $# -eq 4 ] || usage; start "$2" "$3" "$4" ;;
        stop) [ $# -eq 2 ] || usage; [ ! -d "$2" ] || stop "$(cd "$2" && pwd)" ;;
        *) usage ;;
    esac
}
