"""gss-ntlmssp as a peer: one JSON request a line on standard input, one JSON answer a line on standard output.

A request names a context by number, so that one process holds many exchanges. Bytes are hex. Errors are {"error": text}.
"""
import json
import os
import sys

import gssapi
import gssapi.raw as raw

MECHANISM = {
    "ntlm": gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10"),
    "spnego": gssapi.OID.from_int_seq("1.3.6.1.5.5.2"),
}
NTLM = MECHANISM["ntlm"]
# GSS_C_INQ_SSPI_SESSION_KEY
SESSION_KEY = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2.5.5")
FLAGS = raw.RequirementFlag
USERS = os.environ["NTLM_USER_FILE"]

contexts = {}


def bindings(request):
    data = request.get("binding")
    return raw.ChannelBindings(application_data=bytes.fromhex(data)) if data else None


def begin_client(request):
    os.environ["LM_COMPAT_LEVEL"] = str(request.get("level", 3))
    name = raw.import_name((request["domain"] + "\\" + request["user"]).encode(), raw.NameType.user)
    credentials = raw.acquire_cred_with_password(name, request["password"].encode(), mechs=[MECHANISM[request["mech"]]], usage="initiate")
    target = raw.import_name(request["target"].encode(), raw.NameType.hostbased_service)
    flags = [FLAGS[flag] for flag in request["flags"]]
    held = {"context": None}

    def step(token):
        answer = raw.init_sec_context(
            target,
            creds=credentials.creds,
            mech=MECHANISM[request["mech"]],
            context=held["context"],
            input_token=token,
            flags=flags,
            channel_bindings=bindings(request),
        )
        held["context"] = answer.context
        return {"token": (answer.token or b"").hex(), "more": answer.more_steps}

    held["step"] = step
    contexts[request["id"]] = held
    return step(None)


def begin_server(request):
    os.environ["LM_COMPAT_LEVEL"] = str(request.get("level", 3))
    with open(USERS, "w", encoding="utf-8") as file:
        file.write("%s:%s:%s\n" % (request["domain"], request["user"], request["password"]))
    credentials = raw.acquire_cred(None, mechs=[MECHANISM[request["mech"]]], usage="accept")
    held = {"context": None}

    def step(token):
        answer = raw.accept_sec_context(
            token,
            acceptor_creds=credentials.creds,
            context=held["context"],
            channel_bindings=bindings(request),
        )
        held["context"] = answer.context
        if answer.more_steps:
            return {"token": (answer.token or b"").hex(), "more": True}
        name = raw.display_name(answer.initiator_name, False).name.rstrip(b"\0").decode()
        return {"token": (answer.token or b"").hex(), "more": False, "name": name}

    held["step"] = step
    contexts[request["id"]] = held
    return step(bytes.fromhex(request["token"]))


def on_context(act):
    def run(request):
        return act(contexts[request["id"]]["context"], bytes.fromhex(request.get("data", "")), request)

    return run


def verify(context, data, request):
    raw.verify_mic(context, data, bytes.fromhex(request["mic"]))
    return {}


COMMANDS = {
    "client": begin_client,
    "server": begin_server,
    "step": lambda request: contexts[request["id"]]["step"](bytes.fromhex(request["token"])),
    "key": on_context(lambda context, _, __: {"data": raw.inquire_sec_context_by_oid(context, SESSION_KEY)[0].hex()}),
    "wrap": on_context(lambda context, data, _: {"data": raw.wrap(context, data, True).message.hex()}),
    "unwrap": on_context(lambda context, data, _: {"data": raw.unwrap(context, data).message.hex()}),
    "mic": on_context(lambda context, data, _: {"data": raw.get_mic(context, data).hex()}),
    "verify": on_context(verify),
    "end": lambda request: contexts.pop(request["id"], None) and {} or {},
}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = COMMANDS[request["command"]](request)
    except (raw.GSSError, UnicodeError, KeyError, ValueError, TypeError) as error:
        answer = {"error": "%s: %s" % (type(error).__name__, error)}
    print(json.dumps(answer), flush=True)
