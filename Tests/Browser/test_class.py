"""One class in several browsers, on each transport: what was said is shown once and in order on every screen, whatever
happens to the network, the page or the node.
"""

import pytest
from playwright.sync_api import expect

from people import Student, Teacher

TRANSPORTS = ["websocket", "sse", "poll"]
CUT_S = 20


@pytest.fixture()
def classroom(request, own_server, proxy, open_page):
    """A teacher and two students; Ada's network can be cut. All on the transport of the test."""
    transport = request.param
    line = proxy(own_server.port)
    made = open_page(own_server.url + "/")
    teacher = Teacher.starts(made)
    code = teacher.code()
    # The front page leads to the teacher's page without a choice of transport: take the same seat with one.
    address, secret = made.url.split("#")
    made.goto("about:blank")
    made.goto(f"{address}?transport={transport}#{secret}")
    teacher.is_in()
    ada = Student.joins(open_page(f"{line.url}/join?transport={transport}#c={code}", 390, 844), "Ada")
    grace = Student.joins(open_page(f"{own_server.url}/join?transport={transport}#c={code}", 390, 844), "Grace")
    for person in (teacher, ada, grace):
        assert person.transport() == transport
    return own_server, line, teacher, ada, grace


def everybody_reads(texts, *people):
    for person in people:
        person.awaits_log(texts)


@pytest.mark.parametrize("classroom", TRANSPORTS, indirect=True)
def test_a_class_runs_through_everything_and_nothing_is_lost_or_doubled(classroom):
    node, line, teacher, ada, grace = classroom
    everybody = (teacher, ada, grace)
    said = []

    def says(person, text):
        person.says(text)
        said.append(text)

    # Chat, both ways.
    says(teacher, "Good morning")
    everybody_reads(said, *everybody)
    says(ada, "Good morning from Ada")
    everybody_reads(said, *everybody)
    says(grace, "And from Grace <b>&amp;</b> 👋")
    everybody_reads(said, *everybody)

    # A poll.
    teacher.asks_yes_or_no("Ready?")
    ada.answers("Ready?", "Yes")
    grace.answers("Ready?", "No")
    ada.awaits_receipt("Ready?")
    grace.awaits_receipt("Ready?")
    if teacher.transport() != "poll":
        teacher.sees_answers("Ready?", 2)
    teacher.closes("Ready?")
    for student in (ada, grace):
        student.awaits_figures("Ready?", ["1", "1"])

    # A question.
    ada.asks("What is a ribosome?")
    grace.supports("What is a ribosome?")
    row = teacher.page.locator(".question", has_text="What is a ribosome?")
    expect(row.locator(".votes")).to_have_text("1", timeout=20_000)
    row.get_by_role("button", name="Answered").click()
    ada.panel("questions")
    expect(ada.page.locator(".question[data-status=answered]")).to_have_count(1, timeout=20_000)

    # A reload.
    ada.page.reload()
    ada.is_in()
    everybody_reads(said, *everybody)
    ada.awaits_figures("Ready?", ["1", "1"])

    # Twenty seconds without network. Ada goes on: a message and an answer wait with her.
    teacher.asks_yes_or_no("Still there?")
    expect(ada.poll("Still there?")).to_have_count(1, timeout=20_000)
    line.cut()
    ada.answers("Still there?", "Yes")
    says(teacher, "While Ada is away")
    says(grace, "She will read this later")
    everybody_reads(said, teacher, grace)
    ada.page.wait_for_timeout(CUT_S * 1000)
    assert "While Ada is away" not in [text for _, text in ada.log()], "the line was not cut"
    ada.says("Back again")
    line.mend()
    said.append("Back again")
    everybody_reads(said, *everybody)
    ada.awaits_connection()
    ada.awaits_receipt("Still there?")
    grace.answers("Still there?", "Yes")
    grace.awaits_receipt("Still there?")
    teacher.closes("Still there?")
    for student in (ada, grace):
        student.awaits_figures("Still there?", ["2", "0"])

    # The node dies without a word and starts again on the same port and data.
    says(grace, "Last words")
    everybody_reads(said, *everybody)
    node.kill()
    grace.says("Written to a dead node")
    grace.page.wait_for_timeout(2_000)
    node.start()
    said.append("Written to a dead node")
    everybody_reads(said, *everybody)
    for person in everybody:
        person.awaits_connection()
    says(teacher, "We are all here")
    everybody_reads(said, *everybody)
    ada.awaits_figures("Still there?", ["2", "0"])


@pytest.mark.parametrize("classroom", ["websocket"], indirect=True)
def test_a_message_under_way_survives_a_reload_in_a_dead_network(classroom):
    _, line, teacher, ada, grace = classroom
    line.cut()
    ada.says("Sent into silence")
    expect(ada.page.locator(".message[data-state=sending]")).to_have_count(1)
    line.mend()
    ada.page.reload()
    ada.is_in()
    everybody_reads(["Sent into silence"], teacher, ada, grace)


@pytest.mark.parametrize("classroom", ["websocket"], indirect=True)
def test_a_change_that_comes_too_late_is_told_and_the_counted_answer_shown_again(classroom):
    _, line, teacher, ada, _ = classroom
    teacher.asks_yes_or_no("In time?")
    ada.answers("In time?", "Yes")
    ada.awaits_receipt("In time?")
    line.cut()
    ada.answers("In time?", "No")
    teacher.closes("In time?")
    line.mend()
    told = "“In time?”: your last answer does not count."
    expect(ada.page.get_by_role("alert")).to_contain_text(told, timeout=40_000)
    ada.awaits_figures("In time?", ["1", "0"])
    expect(ada.poll("In time?").locator("tr[data-mine]")).to_contain_text("Yes")


@pytest.mark.parametrize("classroom", ["websocket"], indirect=True)
def test_an_answer_given_while_the_node_is_dead_counts_after_a_reload(classroom):
    node, _, teacher, ada, grace = classroom
    teacher.asks_yes_or_no("Dead or alive?")
    grace.answers("Dead or alive?", "Yes")
    grace.awaits_receipt("Dead or alive?")
    expect(ada.poll("Dead or alive?")).to_have_count(1)
    node.kill()
    ada.answers("Dead or alive?", "No")
    expect(ada.poll("Dead or alive?").locator(".receipt")).to_have_attribute("data-durable", "sending")
    node.start()
    ada.page.reload()
    ada.is_in()
    ada.awaits_receipt("Dead or alive?")
    teacher.sees_answers("Dead or alive?", 2)
    teacher.closes("Dead or alive?")
    ada.awaits_figures("Dead or alive?", ["1", "1"])
