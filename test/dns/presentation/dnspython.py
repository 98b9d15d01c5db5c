"""Reads lines of JSON, [type, text], and writes for each what dnspython makes of the text: the RDATA in hexadecimal, or an
error, or null for a type that it does not know."""
import json
import sys

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

for line in sys.stdin:
    number, text = json.loads(line)
    if dns.rdatatype.to_text(number).startswith("TYPE"):
        answer = None
    else:
        try:
            rdata = dns.rdata.from_text(
                dns.rdataclass.IN, number, text, origin=dns.name.root, relativize=False
            )
            answer = {"rdata": rdata.to_wire().hex()}
        except Exception as error:
            answer = {"error": repr(error)}
    print(json.dumps(answer))
