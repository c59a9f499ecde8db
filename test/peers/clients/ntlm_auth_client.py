"""A mail client out of Python's own poplib, imaplib and smtplib and the NTLM of python3-ntlm-auth: NTLMv2 with a MIC and,
under TLS, channel bindings (RFC 5929); NTLMv1 with and without extended session security on request. Reads a JSON object
from standard input, prints the first message of the inbox or sends one. Exit code 0: logged on, 1: refused."""
import base64, hashlib, imaplib, json, poplib, smtplib, ssl, sys

from ntlm_auth.gss_channel_bindings import GssChannelBindingsStruct
from ntlm_auth.ntlm import NtlmContext

job = json.load(sys.stdin)
context = ssl.create_default_context(cafile=job["ca"])


def bindings(socket, kind):
    """The TLS connection's tls-server-end-point, another one, or none."""
    if kind == "none" or not isinstance(socket, ssl.SSLSocket):
        return None
    certificate = socket.getpeercert(True) if kind == "right" else b"another certificate"
    struct = GssChannelBindingsStruct()
    struct[struct.APPLICATION_DATA] = b"tls-server-end-point:" + hashlib.sha256(certificate).digest()
    return struct


class Ntlm:
    """Answers challenges: nothing, or a CHALLENGE_MESSAGE."""

    def __init__(self, socket):
        self.context = NtlmContext(
            job["user"],
            job["password"],
            domain=job.get("domain", ""),
            workstation="PYTHON",
            cbt_data=bindings(socket, job.get("bindings", "right")),
            ntlm_compatibility=job.get("level", 3),
        )

    def answer(self, challenge=b""):
        if not challenge:
            return self.context.step()
        message = bytearray(self.context.step(bytes(challenge)))
        if job.get("mic") == "wrong":
            message[72] ^= 1
        return bytes(message)


def pop3():
    if job["tls"] == "TLS":
        client = poplib.POP3_SSL(job["host"], job["port"], context=context)
    else:
        client = poplib.POP3(job["host"], job["port"])
        if job["tls"] == "STARTTLS":
            client.stls(context)
    client.capa()
    ntlm = Ntlm(client.sock)
    line = b"AUTH NTLM"
    for _ in range(3):
        client.sock.sendall(line + b"\r\n")
        reply = client.file.readline().rstrip(b"\r\n")
        if not reply.startswith(b"+"):
            raise poplib.error_proto(reply)
        line = base64.b64encode(ntlm.answer(base64.b64decode(reply[2:]))) if reply.startswith(b"+ ") else b""
    if not reply.startswith(b"+OK"):
        raise poplib.error_proto(reply)
    sys.stdout.buffer.write(b"\r\n".join(client.retr(1)[1]))
    client.quit()


def imap():
    if job["tls"] == "TLS":
        client = imaplib.IMAP4_SSL(job["host"], job["port"], ssl_context=context)
    else:
        client = imaplib.IMAP4(job["host"], job["port"])
        if job["tls"] == "STARTTLS":
            client.starttls(context)
    client.authenticate("NTLM", Ntlm(client.sock).answer)
    client.select("INBOX", readonly=True)
    sys.stdout.buffer.write(client.fetch("1", "(BODY.PEEK[])")[1][0][1])
    client.logout()


def smtp():
    if job["tls"] == "TLS":
        client = smtplib.SMTP_SSL(job["host"], job["port"], context=context)
    else:
        client = smtplib.SMTP(job["host"], job["port"])
        if job["tls"] == "STARTTLS":
            client.starttls(context=context)
    client.ehlo()
    ntlm = Ntlm(client.sock)
    code, reply = client.docmd("AUTH", "NTLM")
    while code == 334:
        answer = ntlm.answer(base64.b64decode(reply))
        code, reply = client.docmd(base64.b64encode(answer).decode())
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, reply)
    client.sendmail(job["sender"], [job["recipient"]], job["message"])
    client.quit()


try:
    {"pop3": pop3, "imap": imap, "smtp": smtp}[job["protocol"]]()
except (poplib.error_proto, imaplib.IMAP4.error, smtplib.SMTPException, OSError) as error:
    print(error, file=sys.stderr)
    sys.exit(1)
