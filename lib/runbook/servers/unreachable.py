"""Why a server cannot be reached, and what to do about it: libpq's words, put to use."""

from __future__ import annotations

import socket

NO_WAY = ("network is unreachable", "no route to host", "cannot assign requested address")
LOST = ("timeout expired", "timed out", "closed the connection unexpectedly")

# The first that fits counts: what a server says comes before what the network says.
_REMEDIES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("does not match host name",),
        "The certificate belongs to another host. Connect by a name that it holds; do not lower"
        " sslmode: whoever answers may not be your server.",
    ),
    (
        ("certificate verify failed", "signature failure", "self-signed certificate"),
        "sslrootcert must name the file with the CA that signed the server's certificate"
        " (Supabase: Database settings, SSL). A server whose CA changed is a reason to ask its"
        " owner first, not to lower sslmode.",
    ),
    (
        ("root certificate file", "root.crt"),
        "Put the CA's certificate there, or name its file with sslrootcert=…; sslrootcert=system"
        " takes the system's CAs.",
    ),
    (
        ("does not support ssl",),
        "This server speaks no TLS: turn `ssl` on there, or, on a network that you trust, use"
        " sslmode=disable.",
    ),
    (
        ("no pg_hba.conf entry", "pg_hba.conf rejects"),
        "The server's pg_hba.conf lets nobody in from here as this user; with `no encryption` in"
        " the message, sslmode=require may be all that is missing.",
    ),
    (
        ("password authentication failed", "no password supplied", "tenant or user not found"),
        "Check user and password (.pgpass, or the variable). Behind Supabase's pooler the user is"
        " postgres.<project-ref>.",
    ),
    (
        ("starting up", "shutting down", "in recovery mode", "not yet accepting", "not accepting"),
        "The server is there and takes nobody in at the moment: wait until its recovery or restart"
        " is through, then run this again. A standby with hot_standby = off never does.",
    ),
    (
        ("too many clients", "remaining connection slots", "too many connections"),
        "All its connections are taken: the runbook needs three at a time. Close some.",
    ),
    (
        ('database "',),
        "The server is there. Check the database's name (dbname).",
    ),
    (
        ('role "',),
        "The server is there. Check the user's name.",
    ),
    (
        ("definition of service", "service file"),
        "Services stand in ~/.pg_service.conf, or in the file that PGSERVICEFILE names.",
    ),
    (
        ("failed to resolve", "could not translate host name", "name or service not known"),
        "Check the host's name, and that this machine can look it up. A Supabase project that is"
        " paused or deleted has no name.",
    ),
    (
        ("connection refused",),
        "Nothing listens at that host and port: check the port, that the server runs, and its"
        " listen_addresses.",
    ),
    (
        ("no such file or directory",),
        "No server has its socket there: check the folder (host) and the port, or use host=… for"
        " TCP.",
    ),
    (
        LOST + NO_WAY,
        "Check the network in between: VPN, firewall, the provider's list of allowed addresses.",
    ),
)
_ANY = "Check that the server is up and that this machine may connect to it."
_SIX = (
    "{host} has IPv6 addresses only, and this machine seems to have no way there: use an address"
    " with IPv4 (Supabase: the session pooler, port 5432, or the IPv4 add-on)."
)


def remedy(said: str, host: str) -> str:
    """What to do, by what libpq or the server said.

    Args:
        said: its message, in English as libpq and Supabase's pooler word it.
        host: that was tried, "" when none was named.
    """
    words = said.lower()
    if any(sign in words for sign in NO_WAY + LOST) and _only_six(host):
        return _SIX.format(host=host)
    return next((text for signs, text in _REMEDIES if any(s in words for s in signs)), _ANY)


def _only_six(host: str) -> bool:
    """Whether all addresses of a host are IPv6; not known counts as no."""
    if not host or host.startswith("/"):
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return {family for family, *_ in found} == {socket.AF_INET6}
