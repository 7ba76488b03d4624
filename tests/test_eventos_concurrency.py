"""Two people at the same moment: what one connection, and so no scenario, can show."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

MIGRATIONS = Path(__file__).parents[1] / "migrations"
EVENT_WIZARD = sorted([*MIGRATIONS.glob("20251013*.sql"), *MIGRATIONS.glob("20251017080*.sql")])

ADA = "5ce00000-0000-4000-8000-000000000001"
BOB = "5ce00000-0000-4000-8000-000000000002"
VIC = "5ce00000-0000-4000-8000-000000000004"
EVENT = "5ce20000-0000-4000-8000-000000000001"
TIER = "5ce70000-0000-4000-8000-000000000001"
CAMPAIGN = "5ce90000-0000-4000-8000-000000000001"
EARLY = "5ceb0000-0000-4000-8000-000000000001"
LATE = "5ceb0000-0000-4000-8000-000000000002"
TOKEN = "test-token-that-two-people-hold-at-once"

SELL = "select public.sell_tickets(%s, 1)"
CONFIRM = "update public.venue_bookings set status = 'confirmed' where id = %s"
CLAIM = "select public.claim_wizard_session()"


@pytest.fixture
def eventos(database: str) -> str:
    """The conninfo of a database with the Event Wizard, one event, one ticket, two bookings."""
    with psycopg.connect(database, autocommit=True) as conn:
        for path in EVENT_WIZARD:
            with conn.transaction():
                conn.execute(path.read_text(encoding="utf-8"))
        conn.execute(
            """
            insert into auth.users (id, email) values
              (%(ada)s, 'ada@test.example'), (%(bob)s, 'bob@test.example'),
              (%(vic)s, 'vic@test.example')
            """,
            {"ada": ADA, "bob": BOB, "vic": VIC},
        )
        conn.execute(
            """
            with venue as (
              insert into public.venues (owner_id, name, address, city, country, capacity)
              values (%(vic)s, 'Hall', '1 Quay', 'Porto', 'PT', 100)
              returning id
            ), event as (
              insert into public.events
                (id, organizer_id, title, status, start_at, end_at, capacity)
              values (
                %(event)s, %(ada)s, 'Dance', 'published',
                now() + interval '1 day', now() + interval '2 days', 50
              )
            ), tier as (
              insert into public.ticket_tiers
                (id, event_id, name, price_cents, currency, quantity, status)
              values (%(tier)s, %(event)s, 'Standing', 1000, 'EUR', 1, 'active')
            ), campaign as (
              insert into public.marketing_campaigns
                (id, event_id, name, channel, status, scheduled_at, recipient_count)
              values (%(campaign)s, %(event)s, 'Posters', 'social', 'sending', now(), 100)
            ), session as (
              insert into public.wizard_sessions (token_hash)
              values (encode(sha256(convert_to(%(token)s, 'UTF8')), 'hex'))
            )
            insert into public.venue_bookings (
              id, venue_id, booker_id, start_at, end_at, guest_count, hourly_rate_cents, currency
            )
            select b.id::uuid, venue.id, b.booker::uuid, b.start_at::timestamptz,
              b.start_at::timestamptz + interval '4 hours', 20, 1000, 'EUR'
            from venue, (values
              (%(early)s, %(ada)s, '2031-05-10 18:00+00'),
              (%(late)s, %(bob)s, '2031-05-10 21:00+00')
            ) as b (id, booker, start_at)
            """,
            {
                "ada": ADA, "bob": BOB, "vic": VIC, "event": EVENT, "tier": TIER,
                "campaign": CAMPAIGN, "token": TOKEN, "early": EARLY, "late": LATE,
            },
        )  # fmt: skip
    return database


@contextmanager
def acting(
    conninfo: str, role: str, user: str = "", token: str = ""
) -> Iterator[psycopg.Connection]:
    """A connection that acts as an API role, in a transaction that the block ends."""
    with psycopg.connect(conninfo) as conn:
        claims = json.dumps({"role": role, "sub": user} if user else {"role": role})
        headers = json.dumps({"x-wizard-token": token} if token else {})
        conn.execute("select set_config('request.jwt.claims', %s, false)", [claims])
        conn.execute("select set_config('request.headers', %s, false)", [headers])
        conn.execute(f"set role {role}")
        conn.commit()
        yield conn


@contextmanager
def meanwhile(conn: psycopg.Connection, statement: str, parameters=()) -> Iterator[Future]:
    """Run a statement on another thread, and enter the block once it waits for a lock."""

    def run():
        try:
            cursor = conn.execute(statement, parameters)
            rows = cursor.fetchall() if cursor.description else cursor.rowcount
            conn.commit()
            return rows
        except BaseException:
            conn.rollback()
            raise

    with ThreadPoolExecutor(1) as pool, psycopg.connect(conn.info.dsn, autocommit=True) as eye:
        future = pool.submit(run)
        deadline = time.monotonic() + 10
        waiting = "select cardinality(pg_blocking_pids(%s)) > 0"
        while not eye.execute(waiting, [conn.info.backend_pid]).fetchone()[0]:
            assert not future.done(), f"it did not wait: {future.exception() or future.result()}"
            assert time.monotonic() < deadline, "it never began to wait"
            time.sleep(0.01)
        yield future


def ask(conninfo: str, question: str, parameters=()):
    """One value, as the owner."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        return conn.execute(question, parameters).fetchone()[0]


def test_of_two_buyers_of_the_last_ticket_the_second_gets_none(eventos: str) -> None:
    with acting(eventos, "service_role") as first, acting(eventos, "service_role") as second:
        assert first.execute(SELL, [TIER]).fetchone() == (0,)
        with meanwhile(second, SELL, [TIER]) as sale:
            first.commit()
            with pytest.raises(psycopg.Error) as refused:
                sale.result(timeout=10)
    assert refused.value.sqlstate == "PT409"
    assert ask(eventos, "select sold from public.ticket_tiers where id = %s", [TIER]) == 1
    assert (
        ask(eventos, "select status from public.ticket_tiers where id = %s", [TIER]) == "sold_out"
    )


def test_the_second_buyer_gets_the_last_ticket_when_the_first_gives_up(eventos: str) -> None:
    with acting(eventos, "service_role") as first, acting(eventos, "service_role") as second:
        first.execute(SELL, [TIER])
        with meanwhile(second, SELL, [TIER]) as sale:
            first.rollback()
            assert sale.result(timeout=10) == [(0,)]
    assert ask(eventos, "select sold from public.ticket_tiers where id = %s", [TIER]) == 1


def test_twelve_tickets_make_twelve_of_thirty_two_buyers_happy(eventos: str) -> None:
    with psycopg.connect(eventos, autocommit=True) as conn:
        conn.execute("update public.ticket_tiers set quantity = 12 where id = %s", [TIER])

    def buy(_: int) -> int:
        sold = 0
        with acting(eventos, "service_role") as conn:
            for _ in range(4):
                try:
                    conn.execute(SELL, [TIER])
                    conn.commit()
                    sold += 1
                except psycopg.Error as error:
                    if error.sqlstate != "PT409":
                        raise
                    conn.rollback()
        return sold

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(buy, range(8))) == 12
    assert ask(eventos, "select sold from public.ticket_tiers where id = %s", [TIER]) == 12


def test_of_two_overlapping_bookings_confirmed_at_once_one_stands(eventos: str) -> None:
    with (
        acting(eventos, "authenticated", VIC) as first,
        acting(eventos, "authenticated", VIC) as second,
    ):
        assert first.execute(CONFIRM, [EARLY]).rowcount == 1
        with meanwhile(second, CONFIRM, [LATE]) as confirmation:
            first.commit()
            with pytest.raises(psycopg.errors.ExclusionViolation):
                confirmation.result(timeout=10)
    assert (
        ask(eventos, "select status from public.venue_bookings where id = %s", [EARLY])
        == "confirmed"
    )
    assert (
        ask(eventos, "select status from public.venue_bookings where id = %s", [LATE])
        == "requested"
    )


def test_the_other_booking_stands_when_the_first_confirmation_is_taken_back(eventos: str) -> None:
    with (
        acting(eventos, "authenticated", VIC) as first,
        acting(eventos, "authenticated", VIC) as second,
    ):
        first.execute(CONFIRM, [EARLY])
        with meanwhile(second, CONFIRM, [LATE]) as confirmation:
            first.rollback()
            assert confirmation.result(timeout=10) == 1
    assert (
        ask(eventos, "select status from public.venue_bookings where id = %s", [LATE])
        == "confirmed"
    )


def test_a_wizard_session_claimed_by_two_at_once_has_one_owner(eventos: str) -> None:
    with (
        acting(eventos, "authenticated", ADA, TOKEN) as first,
        acting(eventos, "authenticated", BOB, TOKEN) as second,
    ):
        first.execute(CLAIM)
        with meanwhile(second, CLAIM) as claim:
            first.commit()
            with pytest.raises(psycopg.Error) as refused:
                claim.result(timeout=10)
    assert refused.value.sqlstate == "PT404"
    assert str(ask(eventos, "select user_id from public.wizard_sessions")) == ADA


def test_two_senders_that_report_at_once_lose_no_count(eventos: str) -> None:
    report = "select public.record_campaign_progress(%s, sent => %s)"
    with acting(eventos, "service_role") as first, acting(eventos, "service_role") as second:
        first.execute(report, [CAMPAIGN, 30])
        with meanwhile(second, report, [CAMPAIGN, 12]) as reported:
            first.commit()
            reported.result(timeout=10)
    sent = "select sent_count from public.marketing_campaigns where id = %s"
    assert ask(eventos, sent, [CAMPAIGN]) == 42
