#!/usr/bin/env python3
"""Completion, by bash, zsh and fish themselves. Usage: completion_test.py BUILD_DIR       Needs bash, zsh and fish (Debian)."""
import pty
import sys

from support import *

COMMANDS = ["check", "completion", "load", "probe", "send", "sendmail", "sink"]
ACCOUNTS = '[account.work]\nserver = "smtp://localhost"\n[account."my home"]\nserver = "smtp://localhost"\n'


class Shell(Case):
    def setUp(self):
        super().setUp()
        self.environment["PATH"] = f"{POSTRIDER.parent}:{os.environ['PATH']}"
        self.file("work/message one.eml", "")
        self.file("work/folder/x.eml", "")
        self.config(ACCOUNTS).chmod(0o600)

    def run_shell(self, *command):
        ended = subprocess.run(command, capture_output=True, text=True, env=self.environment, cwd=self.path / "work",
                               stdin=subprocess.DEVNULL, timeout=SECONDS)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), command)
        return ended.stdout

    def script(self, shell):
        made = self.path / f"completion.{shell}"
        return made if made.exists() else self.file(made.name, self.assertEnds(EX_OK, "completion", shell).out)


class Offers:
    """What every shell has to complete. `complete` answers the words that it offers for a line."""

    def test_commands(self):
        self.assertEqual(self.complete("postrider "), COMMANDS)
        self.assertEqual(self.complete("postrider se"), ["send", "sendmail"])
        self.assertNotIn("manual", self.complete("postrider "))

    def test_options_of_each_command(self):
        for name in COMMANDS:
            helped = self.assertEnds(EX_OK, name, "--help").out.partition("Examples:")[0]
            options = {word for line in re.findall(r"(?m)^  (-[^ ].*?)(?:  |$)", helped) for word in re.findall(r"--[a-z0-9-]+", line)}
            self.assertEqual(options - set(self.complete(f"postrider {name} --")), set(), name)
        self.assertEqual(self.complete("postrider send --dkim-s"), ["--dkim-selector"])
        self.assertEqual(self.complete("postrider send --password="), [])

    def test_words(self):
        self.assertEqual(self.complete("postrider sink --tls-certificate x --tls-min 1."), ["1.0", "1.1", "1.2", "1.3"])
        self.assertEqual(self.complete("postrider send --tls "), ["none", "opportunistic", "outside", "verified"])
        self.assertEqual(self.complete("postrider probe --color a"), ["always", "auto"])
        self.assertEqual(self.complete("postrider completion "), ["bash", "fish", "zsh"])

    def test_accounts(self):
        self.assertEqual(self.complete("postrider send --account "), ["my home", "work"])
        self.assertEqual(self.complete("postrider check --account w"), ["work"])

    def test_files_and_folders(self):
        self.assertEqual(self.complete("postrider check m"), ["message one.eml"])
        self.assertEqual(self.complete("postrider send -a m"), ["message one.eml"])
        self.assertEqual(self.complete("postrider send --attach m"), ["message one.eml"])
        self.assertEqual([one.rstrip("/") for one in self.complete("postrider sink --maildir f")], ["folder"])

    def test_what_cannot_be_known(self):
        self.assertEqual(self.complete("postrider send --subject m"), [])


class Bash(Offers, Shell):
    def complete(self, line):
        """By the function that bash would call, with the words as bash would cut them."""
        words = [word for part in line.split(" ") for word in re.split(r"(=)", part) if word or not part]
        if line.endswith("="):
            words.append("")
        code = (f"source '{self.script('bash')}'; COMP_WORDS=({' '.join(map(repr, words))}); COMP_CWORD={len(words) - 1}; "
                'COMP_LINE=; COMP_POINT=0; _postrider; [[ ${#COMPREPLY[@]} == 0 ]] || printf "%s\\n" "${COMPREPLY[@]}"')
        return sorted(self.run_shell("bash", "--norc", "-c", code).splitlines())

    def test_accounts(self):
        self.assertEqual(self.complete("postrider send --account "), [r"my\ home", "work"])
        self.assertEqual(self.complete("postrider check --account w"), ["work"])

    def test_a_name_is_not_run(self):
        self.config('[account."$(touch ran)"]\nserver = "smtp://localhost"\n')
        self.assertEqual(self.complete("postrider send --account "), [r"\$\(touch\ ran\)"])
        self.assertFalse((self.path / "work" / "ran").exists() or (self.path / "ran").exists())

    def test_on_a_terminal(self):
        """As a person does it: TAB completes, and files with blanks are quoted."""
        self.environment["PS1"] = "$ "
        terminal = Terminal(["bash", "--norc", "--noprofile"], env=self.environment, cwd=self.path / "work")
        terminal.read(r"\$ ")
        terminal.type(f"source '{self.script('bash')}'; bind 'set enable-bracketed-paste off'; echo rea''dy\n")
        terminal.read(r"ready\r\n")
        terminal.type("postrider che\tm\t")
        terminal.read(r"postrider check message\\ one\.eml ")
        terminal.type("\x15postrider send --account m\t")
        terminal.read(r"--account my\\ home ")
        terminal.type("\x15postrider send --account my\\ h\t")
        terminal.read(r"--account my\\ home ")
        terminal.type("\x15exit\n")
        terminal.end()


class Zsh(Offers, Shell):
    def complete(self, line):
        """A shell on a terminal of its own lists what it offers, between marks."""
        self.file("home/.zshrc", f"""
PS1='READY> '
unset zle_bracketed_paste PROMPT_SP
zstyle ':completion:*' list-colors
autoload -Uz compinit && compinit -C -d '{self.path}/home/.zcompdump'
source '{self.script("zsh")}'
setopt no_list_beep
# Instead of inserting or listing, each match is printed.
compadd() {{
    local -a offered
    if [[ $@[1,(i)(-|--)] == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
    builtin compadd -O offered "$@"
    local each
    for each in $offered; do print -r -- "OFFER<${{(Q)each}}>"; done
    builtin compadd "$@"
}}
zle -C list_matches complete-word _main_complete
finish() {{ zle list_matches; print -r -- 'DO''NE' }}
zle -N finish
bindkey '^I' finish
""")
        terminal = Terminal(["zsh", "-i"], env={**self.environment, "TERM": "dumb", "ZDOTDIR": str(self.path / "home")},
                            cwd=self.path / "work", columns=200)
        terminal.read("READY> ")
        terminal.seen = ""
        terminal.type(line + "\t")
        terminal.read("DONE")
        offered = sorted(set(re.findall(r"OFFER<([^\r\n]*?)>", terminal.seen)))
        terminal.process.kill()
        terminal.process.wait()
        os.close(terminal.master)
        return offered

    def test_it_is_loaded_from_fpath_too(self):
        """As an installed one is: by the name _postrider, on the first TAB."""
        (self.path / "functions").mkdir()
        self.file("functions/_postrider", self.assertEnds(EX_OK, "completion", "zsh").out)
        out = self.run_shell("zsh", "-f", "-c", f"fpath=({self.path}/functions $fpath); autoload -Uz compinit && compinit -u -D; "
                                                "print $_comps[postrider]; autoload +X _postrider && whence -w _postrider")
        self.assertEqual(out, "_postrider\n_postrider: function\n")


class Fish(Offers, Shell):
    def complete(self, line):
        out = self.run_shell("fish", "--no-config", "-c", f"source '{self.script('fish')}'; complete -C {line!r}")
        return sorted(re.sub(r"\\(.)", r"\1", one.partition("\t")[0]) for one in out.splitlines())

    def test_descriptions(self):
        out = self.run_shell("fish", "--no-config", "-c", f"source '{self.script('fish')}'; complete -C 'postrider send --subj'")
        self.assertEqual(out, "--subject\tThe subject\n")


class Script(Shell):
    def test_each_is_a_script_without_mistakes(self):
        for shell in ("bash", "zsh", "fish"):
            self.run_shell(shell, "-n", self.script(shell))

    def test_the_build_has_made_them(self):
        for shell, name in (("bash", "postrider"), ("zsh", "_postrider"), ("fish", "postrider.fish")):
            self.assertEqual((BUILD / "cli/completion" / name).read_text(), self.assertEnds(EX_OK, "completion", shell).out)

    def test_each_word_that_is_offered_is_taken(self):
        script = self.assertEnds(EX_OK, "completion", "fish").out
        offered = {option: words.split() for option, words in
                   re.findall(r"(?m)seen_subcommand_from send'.* -l ([a-z-]+) -x -a '([A-Z0-9a-z .-]+)'", script)}
        self.assertGreaterEqual(set(offered), {"tls", "tls-min", "auth", "auth-least", "no-use", "priority", "notify", "return"})
        self.environment["SECRET"] = PASSWORD
        base = ["--user", "alice", "--password-env", "SECRET", "--server", f"smtp://127.0.0.1:{self.nobody()}", "-f", "a@a.example", "--text", "x", "b@b.example"]
        for option, words in offered.items():
            for word in words:
                clear = [] if option == "tls" else ["--tls", "none"]
                ended = self.run_command("send", *base, *clear, f"--{option}", word)
                self.assertNotEqual(ended.code, EX_USAGE, (option, word, ended.err))
        stages = re.findall(r"(?m)seen_subcommand_from probe'.* -l ((?:quit|drop)-after) -x -a '([a-z -]+)'", script)
        self.assertEqual(len(stages), 2)
        for option, words in stages:
            for word in words.split():
                ended = self.run_command("probe", f"smtp://127.0.0.1:{self.nobody()}", "--tls", "none", "-f", "a@a.example", "-t",
                                         "b@b.example", "--body", "x", f"--{option}", word)
                self.assertNotEqual(ended.code, EX_USAGE, (option, word, ended.err))

    def test_accounts(self):
        self.assertEqual(self.assertEnds(EX_OK, "completion", "accounts").out, "my home\nwork\n")
        self.config("nonsense").chmod(0o600)
        self.assertEqual(self.assertEnds(EX_OK, "completion", "accounts").out, "")

    def test_usage(self):
        self.assertUsage("completion", err="SHELL")
        self.assertUsage("completion", "csh", err="SHELL")
        self.assertEnds(EX_OK, "completion", "--help", out="Examples:")
        with open("/dev/full", "wb") as full:
            self.assertEnds(EX_IOERR, "completion", "bash", stdout=full)


if __name__ == "__main__":
    main()
