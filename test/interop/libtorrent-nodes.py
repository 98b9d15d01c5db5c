"""Nodes of libtorrent's DHT on loopback, which do what standard input says.

Usage: libtorrent-nodes.py COUNT [BOOTSTRAP_PORT]

Writes {"ports": [...]} first, and then one line for each line that it reads:
  {"op": "put", "seed": HEX, "key": HEX, "v": HEX}  ->  {"stored": NODES, "seq": NUMBER} or null
  {"op": "get", "key": HEX}                         ->  {"seq": NUMBER, "v": HEX, "sig": HEX} or null
"""

import hashlib
import json
import sys
import time

import libtorrent

HOST = "127.0.0.1"
PATIENCE = 20  # seconds


def start(bootstrap):
    """A node that speaks with loopback alone. It knows no other when `bootstrap` is empty."""
    return libtorrent.session(
        {
            "listen_interfaces": HOST + ":0",
            "dht_bootstrap_nodes": bootstrap,
            "enable_lsd": False,
            "enable_upnp": False,
            "enable_natpmp": False,
            # One address holds the whole network, and all of its traffic.
            "allow_multiple_connections_per_ip": True,
            "dht_restrict_routing_ips": False,
            "dht_restrict_search_ips": False,
            "dht_ignore_dark_internet": False,
            "dht_block_ratelimit": 100000,
            "dht_upload_rate_limit": 100000000,
            "alert_mask": libtorrent.alert.category_t.dht_notification,
        }
    )


def wait_for(session, wanted):
    """The next alert that is wanted; None when none comes in time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        session.wait_for_alert(100)
        for alert in session.pop_alerts():
            if wanted(alert):
                return alert
    return None


def put(session, command):
    """Has a value signed and put, with the sequence number after the one that the network holds."""
    private = bytearray(hashlib.sha512(bytes.fromhex(command["seed"])).digest())
    # RFC 8032 section 5.1.5: libtorrent takes a private key in this form, and never a seed.
    private[0] &= 0xF8
    private[31] = private[31] & 0x3F | 0x40
    public, value = bytes.fromhex(command["key"]), bytes.fromhex(command["v"])
    session.dht_put_mutable_item(bytes(private), public, value, b"")
    alert = wait_for(session, lambda alert: isinstance(alert, libtorrent.dht_put_alert))
    return alert and {"stored": alert.num_success, "seq": alert.seq}


def get(session, command):
    """What the network holds under a key, after the whole lookup."""
    session.dht_get_mutable_item(bytes.fromhex(command["key"]), b"")
    alert = wait_for(
        session, lambda alert: isinstance(alert, libtorrent.dht_mutable_item_alert) and alert.authoritative
    )
    if alert is None or alert.seq < 0:
        return None
    return {"seq": alert.item["seq"], "v": alert.item["value"].hex(), "sig": alert.item["signature"].hex()}


def say(value):
    print(json.dumps(value), flush=True)


def wait_until_running(session):
    """Its port is bound before its DHT listens there, and what comes meanwhile is lost."""
    end = time.monotonic() + PATIENCE
    while not session.is_dht_running() and time.monotonic() < end:
        time.sleep(0.01)


bootstrap = "%s:%s" % (HOST, sys.argv[2]) if len(sys.argv) > 2 else ""
sessions = [start(bootstrap) for _ in range(int(sys.argv[1]))]
for each in sessions:
    wait_until_running(each)
say({"ports": [session.listen_port() for session in sessions]})
for line in sys.stdin:
    command = json.loads(line)
    say({"put": put, "get": get}[command["op"]](sessions[0], command))
