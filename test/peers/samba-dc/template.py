#!/usr/bin/python3
"""Makes the state that every test domain controller starts from: a domain with the accounts of accounts.json.

usage: template.py FOLDER ADDRESS    FOLDER appears whole or not at all, with manifest.json in it.
       template.py --move SMB_CONF ADDRESS    the domain's own DNS records then say that address.
Needs Debian's samba-ad-provision and python3-samba, and root.
"""
import json
import os
import shutil
import subprocess
import sys
import time

import ldb
from samba import dsdb
from samba.auth import system_session
from samba.dcerpc import dnsp, security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "domain.json"), encoding="utf-8") as file:
    DOMAIN = json.load(file)
with open(os.path.join(HERE, "accounts.json"), encoding="utf-8") as file:
    ACCOUNTS = json.load(file)

GROUP_TYPES = {
    "GLOBAL": dsdb.GTYPE_SECURITY_GLOBAL_GROUP,
    "UNIVERSAL": dsdb.GTYPE_SECURITY_UNIVERSAL_GROUP,
    "DOMAIN_LOCAL": dsdb.GTYPE_SECURITY_DOMAIN_LOCAL_GROUP,
}
# Samba's own controls: without them these two attributes belong to the database alone.
MAY_SET_PASSWORD_TIME = "local_oid:1.3.6.1.4.1.7165.4.3.20:0"
MAY_BE_TRUST = "local_oid:%s:0" % dsdb.DSDB_CONTROL_PERMIT_INTERDOMAIN_TRUST_UAC_OID
# 100 ns each, from 1601 to 1970.
EPOCH = 116444736000000000
DAY = 864000000000
FOR_EVER = str(-(2**63))


def make(folder, address):
    """In a folder beside the wanted one, which gets its name when all is done."""
    draft = folder + ".draft"
    shutil.rmtree(draft, ignore_errors=True)
    os.makedirs(draft, mode=0o700)
    provision(draft, address)
    conf = os.path.join(draft, "seed.conf")
    with open(conf, "w", encoding="utf-8") as out:
        out.write("[global]\n")
        for key, value in {
            "netbios name": DOMAIN["host"].upper(),
            "realm": DOMAIN["dns"].upper(),
            "workgroup": DOMAIN["netbios"],
            "server role": "active directory domain controller",
            "private dir": draft + "/private",
            "state directory": draft + "/state",
            "cache directory": draft + "/cache",
            "lock directory": draft,
        }.items():
            out.write("%s = %s\n" % (key, value))
    sam = open_database(conf)
    seed(sam, os.path.join(draft, "manifest.json"), address)
    set_address(sam, address)
    os.rename(draft, folder)


def provision(draft, address):
    # An empty file of our own, else Debian's smb.conf is mixed in. ACLs of files go into a database, because
    # extended attributes of the security class need rights that containers do not have.
    conf = os.path.join(draft, "provision.conf")
    with open(conf, "w", encoding="utf-8") as out:
        out.write("[global]\nposix:eadb = %s/private/eadb.tdb\n" % draft)
    options = {
        "realm": DOMAIN["dns"].upper(),
        "domain": DOMAIN["netbios"],
        "host-name": DOMAIN["host"],
        "host-ip": address,
        "adminpass": DOMAIN["administratorPassword"],
        "machinepass": "Dc-Machine-Passw0rd-0123456789",
        "krbtgtpass": "Krbtgt-Passw0rd-0123456789",
        "domain-sid": DOMAIN["sid"],
        "dns-backend": "SAMBA_INTERNAL",
        "targetdir": draft,
    }
    command = ["samba-tool", "domain", "provision", "-s", conf]
    subprocess.run(command + ["--%s=%s" % option for option in options.items()], check=True)


def open_database(conf):
    lp = LoadParm()
    lp.load(conf)
    return SamDB(session_info=system_session(), lp=lp)


class Seeder:
    """One database, and what is done to accounts in it."""

    def __init__(self, sam):
        self.sam = sam
        self.base = str(sam.domain_dn())

    def entry(self, name, attributes):
        expression = "(sAMAccountName=%s)" % ldb.binary_encode(name)
        return self.sam.search(self.base, ldb.SCOPE_SUBTREE, expression, attributes)[0]

    def rid(self, name):
        sid = ndr_unpack(security.dom_sid, self.entry(name, ["objectSid"])["objectSid"][0])
        return int(str(sid).rsplit("-", 1)[1])

    def replace(self, dn, values, controls=()):
        message = ldb.Message(dn)
        for key, value in values.items():
            message[key] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, key)
        self.sam.modify(message, list(controls))

    def change(self, name, values, controls=()):
        self.replace(self.entry(name, ["cn"]).dn, values, controls)

    def set_password(self, name, password):
        self.change(name, {"unicodePwd": ('"%s"' % password).encode("utf-16-le")})

    def set_flags(self, name, add, drop=0):
        old = int(self.entry(name, ["userAccountControl"])["userAccountControl"][0])
        self.change(name, {"userAccountControl": str((old | add) & ~drop)}, [MAY_BE_TRUST])

    def user(self, account):
        name, password = account["name"], account["password"]
        self.sam.newuser(name, password)
        flags = flags_of(account)
        if flags:
            is_trust = flags & dsdb.UF_INTERDOMAIN_TRUST_ACCOUNT
            self.set_flags(name, flags, dsdb.UF_NORMAL_ACCOUNT if is_trust else 0)
            # Requiring a smart card makes up a new password.
            if not is_trust:
                self.set_password(name, password)
        values = dict(account.get("attributes", {}))
        values.update((key, bytes.fromhex(hexed)) for key, hexed in account.get("binary", {}).items())
        if account.get("locked"):
            values.update(lockoutTime=str(int(time.time() * 10**7) + EPOCH), badPwdCount="5")
        if values:
            self.change(name, values)
        if "passwordLastSet" in account:
            self.change(name, {"pwdLastSet": account["passwordLastSet"]}, [MAY_SET_PASSWORD_TIME])

    def machine(self, account):
        flags = flags_of(account)
        self.sam.newcomputer(account["name"][:-1])
        self.set_password(account["name"], account["password"])
        self.set_flags(account["name"], flags, dsdb.UF_ACCOUNTDISABLE & ~flags)

    def group(self, name, kind, members):
        self.sam.newgroup(name, grouptype=GROUP_TYPES[kind])
        self.sam.add_remove_group_members(name, list(members))

    def password_policy(self, name, precedence, to, **special):
        """A fine-grained one, for a single account."""
        values = {
            "dn": "CN=%s,CN=Password Settings Container,CN=System,%s" % (name, self.base),
            "objectClass": "msDS-PasswordSettings",
            "msDS-PasswordSettingsPrecedence": str(precedence),
            "msDS-PasswordReversibleEncryptionEnabled": "FALSE",
            "msDS-PasswordHistoryLength": "0",
            "msDS-PasswordComplexityEnabled": "FALSE",
            "msDS-MinimumPasswordLength": "0",
            "msDS-MinimumPasswordAge": "0",
            "msDS-MaximumPasswordAge": FOR_EVER,
            "msDS-LockoutThreshold": "0",
            "msDS-LockoutObservationWindow": str(-DAY // 48),
            "msDS-LockoutDuration": str(-DAY // 48),
            "msDS-PSOAppliesTo": str(self.entry(to, ["cn"]).dn),
        }
        values.update(("msDS-" + key, value) for key, value in special.items())
        self.sam.add(values)


def flags_of(account):
    flags = 0
    for name in account.get("flags", []):
        flags |= getattr(dsdb, "UF_" + name)
    return flags


def seed(sam, manifest, address):
    seeder = Seeder(sam)
    sam.transaction_start()
    # Passwords of any form, and no lockout: tests guess a lot.
    policy = dict(pwdProperties="0", minPwdLength="0", pwdHistoryLength="0", minPwdAge="0", maxPwdAge=FOR_EVER)
    lockout = dict(lockoutThreshold="0", lockoutDuration=FOR_EVER, lockOutObservationWindow=str(-DAY // 48))
    seeder.replace(ldb.Dn(sam, seeder.base), {**policy, **lockout})
    for account in ACCOUNTS["users"]:
        seeder.user(account)
    for account in ACCOUNTS["machines"]:
        seeder.machine(account)
    for group in ACCOUNTS["groups"]:
        seeder.group(**group)
    for name, members in ACCOUNTS["members"].items():
        sam.add_remove_group_members(name, members)
    many = ACCOUNTS["many"]
    for index in range(many["count"]):
        seeder.group("many%03d" % index, "GLOBAL", [many["user"]])
    seeder.password_policy("ages", 10, "pwexpired", MaximumPasswordAge=str(-30 * DAY))
    seeder.password_policy("locks", 20, "guessed", LockoutThreshold="5")
    sam.transaction_commit()
    names = [account["name"] for account in ACCOUNTS["users"] + ACCOUNTS["machines"]]
    groups = [group["name"] for group in ACCOUNTS["groups"]] + ["Domain Users", "Domain Computers", "Protected Users"]
    rids = {name: seeder.rid(name) for name in names + groups}
    with open(manifest, "w", encoding="utf-8") as out:
        json.dump({"address": address, "rids": rids}, out, ensure_ascii=False)


def set_address(sam, address):
    """Every address in the domain's zones is the domain controller's own, and none is the machine's."""
    for zone in ("DomainDnsZones", "ForestDnsZones"):
        base = "DC=%s,%s" % (zone, sam.domain_dn())
        for node in sam.search(base, ldb.SCOPE_SUBTREE, "(dnsRecord=*)", ["dnsRecord"]):
            records = [ndr_unpack(dnsp.DnssrvRpcRecord, value) for value in node["dnsRecord"]]
            ours = [each for each in records if each.wType == dnsp.DNS_TYPE_A and each.data.startswith("127.")]
            for record in ours:
                record.data = address
            if ours:
                values = [ndr_pack(each) for each in records if each.wType != dnsp.DNS_TYPE_AAAA]
                Seeder(sam).replace(node.dn, {"dnsRecord": values})


if sys.argv[1] == "--move":
    set_address(open_database(sys.argv[2]), sys.argv[3])
elif not os.path.exists(sys.argv[1]):
    make(sys.argv[1], sys.argv[2])
