"""HAProxy's answers, as 2.6.12 gave them and as they may come broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fairlead.traffic.haproxy import answers
from fairlead.traffic.haproxy.answers import Admin
from fairlead.traffic.port import BalancerUnreachableError, EntryState

PROC = """\
#<PID>          <type>          <reloads>       <uptime>        <version>
27471           master          1 [failed: 0]   0d00h00m49s     2.6.12-1+deb12u4
# workers
27739           worker          0               0d00h00m00s     2.6.12-1+deb12u4
# old workers
27514           worker          1               0d00h00m49s     2.6.12-1+deb12u4
# programs
27600           program         1               0d00h00m49s     -
"""
STATES = """\
1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change
3 shop 1 tokyo 127.0.0.1 2 8 10 100 0
3 shop 2 osaka 127.0.0.1 0 1 1 1 1
3 shop 3 taipei 127.0.0.1 2 4 0 0 1
"""
SESSIONS = """\
0x558a9b487300: proto=tcpv4 src=127.0.0.1:41120 fe=edge be=shop srv=tokyo ts=00 epoch=0 age=1s calls=2
0x558a9b57fec0: proto=sockpair src=unix:2 fe=GLOBAL be=<NONE> srv=<none> ts=00 epoch=0 age=0s calls=1
0x558a9b487301: proto=tcpv4 src=127.0.0.1:41121 fe=edge be=api srv=tokyo-2 ts=00 epoch=0 age=1s calls=2
"""


@pytest.mark.parametrize(
    ("mask", "state"),
    [
        (0x00, EntryState.READY),
        (0x01, EntryState.MAINTENANCE),
        (0x05, EntryState.MAINTENANCE),  # `disabled` in the configuration
        (0x04, EntryState.READY),  # … and made ready since: it serves
        (0x08, EntryState.DRAIN),
        (0x10, EntryState.DRAIN),
        (0x09, EntryState.MAINTENANCE),  # both: no traffic at all
        (0x20, EntryState.MAINTENANCE),
        (0x40, EntryState.MAINTENANCE),
    ],
)
def test_the_mask_decides_the_state(mask: int, state: EntryState) -> None:
    assert Admin(mask).state is state


def test_servers_have_their_weights_in_percent_of_the_configured() -> None:
    tokyo, osaka, taipei = answers.states(STATES)
    assert (tokyo.weight_percent, osaka.weight_percent, taipei.weight_percent) == (10, 100, 100)
    assert (tokyo.running, osaka.running) == (True, False)
    assert tokyo.admin is Admin.FDRAIN


def test_old_workers_are_told_from_current_ones_and_from_programs() -> None:
    assert [(each.pid, each.kind, each.old) for each in answers.processes(PROC)] == [
        (27471, "master", False),
        (27739, "worker", False),
        (27514, "worker", True),
        (27600, "program", False),
    ]


def test_only_the_sessions_of_the_very_server_are_found() -> None:
    assert answers.sessions(SESSIONS, "tokyo") == ["0x558a9b487300"]


def test_a_row_without_a_column_we_need_is_not_read_as_zero() -> None:
    with pytest.raises(BalancerUnreachableError, match="show stat"):
        answers.stat("# pxname,svname\nshop,tokyo\n")


@pytest.mark.parametrize("text", ["", "Unknown command.\n", "2\n# be_id\n", "1\n# be_id be_name\n3 shop\n"])
def test_what_is_no_server_state_is_an_error_with_the_answer_in_it(text: str) -> None:
    with pytest.raises(BalancerUnreachableError, match="show servers state"):
        answers.states(text)


@pytest.mark.parametrize("text", ["", "Permission denied\n"])
def test_what_is_no_process_list_is_an_error(text: str) -> None:
    with pytest.raises(BalancerUnreachableError, match="show proc"):
        answers.processes(text)


def test_a_missing_answer_is_an_error() -> None:
    with pytest.raises(BalancerUnreachableError, match="to 3 commands"):
        answers.sections("Pid: 1\n\n", 3)


@given(some.integers(min_value=100, max_value=256), some.integers(min_value=0, max_value=100))
def test_a_percentage_is_read_back_as_it_was_set(configured: int, percent: int) -> None:
    # What HAProxy makes of it.
    weight = configured * percent // 100
    state = answers.ServerState("shop", "tokyo", Admin(0), running=True, weight=weight, initial_weight=configured)
    assert state.weight_percent == percent
