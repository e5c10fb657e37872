"""Runs postrider-sink and talks to it with Python's smtplib, which shares nothing with it."""
import base64
import json
import pathlib
import signal
import smtplib
import ssl
import subprocess
import sys
import tempfile

command, certificates = sys.argv[1:]
tls = ['--tls-certificate', f'{certificates}/good.pem', '--tls-key', f'{certificates}/good.key']


class Sink:
    def __init__(self, *options):
        self.process = subprocess.Popen([command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        listening, where = self.process.stdout.readline().split()
        assert listening == 'listening'
        self.host, _, port = where.rpartition(':')
        self.port = int(port)

    def client(self):
        return smtplib.SMTP(self.host.strip('[]'), self.port, timeout=20)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out, self.transcript = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, self.process.returncode
        return json.loads(out)


def refused(call):
    try:
        call()
    except smtplib.SMTPResponseException as refusal:
        return refusal.smtp_code
    raise AssertionError('was not refused')


def mails_and_report():
    with tempfile.TemporaryDirectory() as folder:
        sink = Sink('--folder', folder, '--user', 'user:secret', '--require-auth', '--transcript')
        content = b'Subject: x\r\n\r\n.\r\n..\r\n.dot\r\n' + b'line of text\r\n' * 100000
        with sink.client() as client:
            assert refused(lambda: client.sendmail('a@example.com', 'b@example.com', content)) == 530
            assert refused(lambda: client.login('user', 'wrong')) == 535
            client.login('user', 'secret')
            assert client.sendmail('a@example.com', ['b@example.com', 'c@example.com'], content) == {}
        report = sink.stop()
        assert report['mails'] == 1 and report['recipients'] == 2 and report['early_octets'] == 0, report
        assert pathlib.Path(folder, '000001.eml').read_bytes() == content
        assert json.loads(pathlib.Path(folder, '000001.json').read_text())['auth_user'] == 'user'
        assert 'secret' not in sink.transcript and f'[{len(content)} octets]' in sink.transcript


def login_with_initial_user_name():
    sink = Sink('--listen', '[::1]:0', '--user', 'user:secret', '--offer', 'AUTH=LOGIN')
    with sink.client() as client:
        assert client.login('user', 'secret')[0] == 235
    sink.stop()


def waits():
    sink = Sink('--hold', '--quiet-ms', '30')
    with sink.client() as client:
        for _ in range(2):
            client.sendmail('a@example.com', 'b@example.com', b'x')
    report = sink.stop()
    # connect, 220, EHLO, and for each mail MAIL, RCPT, DATA, content
    assert report['waits_exact'] and report['waits'] == 3 + 2 * 4, report
    assert report['waits_after_content'] == 1, report


def helo():
    sink = Sink('--refuse-ehlo', '502 5.5.1 no', '--fault', 'on RCPT 1 reply "550 5.1.1 nobody"')
    with sink.client() as client:
        assert list(client.sendmail('a@example.com', ['b@example.com', 'c@example.com'], b'x')) == ['b@example.com']
    assert sink.stop()['verbs']['HELO'] == 1


def offers():
    sink = Sink('--user', 'user:secret', '--offer', 'LIMITS=MAILMAX=9 RCPTMAX=1', '--limits-after-auth', 'RCPTMAX=2',
                '--offer', 'VRFY', '--answer', 'VRFY jones=250 2.1.5 <jones@b.example>', '--offer', 'EXPN',
                '--offer', 'DELIVERBY=240', '--offer', 'FUTURERELEASE=60 2030-01-01T00:00:00Z',
                '--offer', 'MT-PRIORITY=MIXER', '--offer', 'REQUIRETLS=clear', '--offer', 'X-OTHER 1')
    with sink.client() as client:
        client.ehlo()
        offered = client.esmtp_features
        assert offered['limits'] == 'MAILMAX=9 RCPTMAX=1' and offered['deliverby'] == '240', offered
        assert offered['futurerelease'] == '60 2030-01-01T00:00:00Z' and offered['mt-priority'] == 'MIXER', offered
        assert 'requiretls' in offered and 'expn' in offered and offered['x-other'] == '1', offered
        assert client.verify('jones') == (250, b'2.1.5 <jones@b.example>')
        client.login('user', 'secret')
        client.ehlo()
        assert client.esmtp_features['limits'] == 'RCPTMAX=2'
        to = ['a@b.example', 'b@b.example', 'c@b.example']
        assert list(client.sendmail('', to, b'x', ['REQUIRETLS', 'BY=240;R'])) == to[2:]
    assert sink.stop()['mails'] == 1


def trusting(certificate=None):
    context = ssl.create_default_context(cafile=f'{certificates}/ca.pem')
    if certificate:
        context.load_cert_chain(f'{certificates}/{certificate}.pem', f'{certificates}/{certificate}.key')
    return context


def starttls():
    with tempfile.TemporaryDirectory() as folder:
        sink = Sink(*tls, '--folder', folder, '--user', 'user:secret', '--no-auth-in-clear', '--tls-max', '1.2',
                    '--offer-after-tls', 'VRFY', '--no-after-tls', 'CHUNKING')
        with sink.client() as client:
            client.ehlo()
            assert 'auth' not in client.esmtp_features and 'chunking' in client.esmtp_features
            assert client.docmd('AUTH', 'PLAIN AHVzZXIAc2VjcmV0')[0] == 538
            client._host = 'localhost'  # the name that is checked, and told as SNI
            client.starttls(context=trusting())
            client.login('user', 'secret')
            assert 'vrfy' in client.esmtp_features and 'chunking' not in client.esmtp_features
            client.sendmail('a@example.com', 'b@example.com', b'x')
        one = sink.stop()['per_connection'][0]
        assert one['tls']['version'] == 'TLSv1.2' and one['tls']['server_name'] == 'localhost', one
        assert one['auth_user'] == 'user' and one['auth_mechanism'] == 'PLAIN', one
        mail = json.loads(pathlib.Path(folder, '000001.json').read_text())
        assert mail['tls']['cipher'] and mail['auth_mechanism'] == 'PLAIN', mail


def implicit_tls():
    sink = Sink(*tls, '--implicit-tls', '--tls-client-ca', f'{certificates}/ca.pem', '--tls-min', '1.3',
                '--tls-require-client-certificate', '--no-tls-tickets', '--no-extended-master-secret')
    with smtplib.SMTP_SSL('localhost', sink.port, timeout=20, context=trusting('client')) as client:
        client.sendmail('a@example.com', 'b@example.com', b'x' * 1000000)
    report = sink.stop()
    assert report['tls_handshakes'] == report['mails'] == 1, report
    assert report['per_connection'][0]['tls']['client_subject'] == 'CN=client,O=Postrider', report


def mechanisms():
    sink = Sink('--user', 'user:secret', '--token', 'user:t0ken', '--token', 'other:t1', '--offer',
                'AUTH=SCRAM-SHA-256 CRAM-MD5 XOAUTH2', '--scram-iterations', '1', '--scram-fault', 'bare-nonce')
    with sink.client() as client:
        assert refused(lambda: client.login('user', 'wrong')) == 535
        assert client.login('user', 'secret')[0] == 235  # CRAM-MD5 is all that smtplib knows of these
    with sink.client() as client:
        client.ehlo()
        assert client.auth('XOAUTH2', lambda _=None: 'user=other\1auth=Bearer t1\1\1')[0] == 235
    with sink.client() as client:
        client.ehlo()
        code, challenge = client.docmd('AUTH', 'SCRAM-SHA-256 biwsbj11c2VyLHI9YWJj')  # n,,n=user,r=abc
        challenge = base64.b64decode(challenge)
        assert code == 334 and challenge.startswith(b'r=abc,s=') and challenge.endswith(b',i=1'), challenge
        assert client.docmd('*')[0] == 501
    assert [one.get('auth_mechanism') for one in sink.stop()['per_connection']] == ['CRAM-MD5', 'XOAUTH2', None]


def wrong_use():
    for code, *options in ((64, '--fault', 'on RCPT clsoe'), (64, '--listen', 'nowhere'), (64, '--nonsense'),
                           (64, '--fault', 'random refuse 5%'), (64, '--offer', 'LIMITS=FOO=1'),
                           (64, '--offer', 'LIMITS=MAILMAX=x'), (64, '--offer', 'REQUIRETLS=1'), (64, '--answer', 'x'),
                           (64, '--offer', 'FUTURERELEASE=1'), (64, '--implicit-tls'), (64, '--token', 'x'),
                           (64, '--scram-fault', 'x'),
                           (64, *tls, '--tls-max', '1.4'), (64, *tls, '--no-after-tls', 'NONSENSE'),
                           (64, '--tls-certificate', '/dev/null'), (64, '--limits-after-auth', 'MAILMAX'),
                           (73, '--folder', '/proc/nowhere'), (0, '--help-script'), (0, '--help')):
        ended = subprocess.run([command, *options], capture_output=True, text=True, timeout=20)
        assert ended.returncode == code, (options, ended)
        assert code == 0 or ended.stderr


def port_in_use():
    sink = Sink()
    ended = subprocess.run([command, '--listen', f'127.0.0.1:{sink.port}'], capture_output=True, text=True, timeout=20)
    assert ended.returncode == 69 and 'in use' in ended.stderr, ended
    sink.stop()


for test in (mails_and_report, login_with_initial_user_name, waits, helo, offers, starttls, implicit_tls, mechanisms,
             wrong_use, port_in_use):
    test()
    print(test.__name__, 'ok')
