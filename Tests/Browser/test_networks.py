"""Networks that do not let everything through: the client finds the transport that works, and comes back up later."""

from playwright.sync_api import expect

from people import Student, Teacher

PROMOTION_S = 60


def enters(server, proxy, open_page, blocks):
    teacher = Teacher.starts(open_page(server.url + "/"))
    line = proxy(server.port)
    line.blocks |= blocks
    student = Student.joins(open_page(f"{line.url}/join#c={teacher.code()}"), "Ada")
    return teacher, student, line


def talk(teacher, student, said):
    for person in (teacher, student):
        said.append(f"{len(said)} on {student.transport()}")
        person.says(said[-1])
        teacher.awaits_log(said)
        student.awaits_log(said)


def test_a_network_without_websockets_gets_a_stream_and_goes_up_when_they_are_let_through(
        server, proxy, open_page):
    teacher, student, line = enters(server, proxy, open_page, {"websocket"})
    assert student.transport() == "sse"
    said = []
    talk(teacher, student, said)
    teacher.asks_yes_or_no("Through the proxy?")
    student.answers("Through the proxy?", "Yes")
    student.awaits_receipt("Through the proxy?")
    line.blocks.clear()
    badge = student.page.locator(".connection")
    expect(badge).to_have_attribute("data-transport", "websocket", timeout=(PROMOTION_S + 20) * 1000)
    talk(teacher, student, said)


def test_who_asks_again_and_again_sees_who_is_there_by_name(server, open_page):
    teacher = Teacher.starts(open_page(server.url + "/"))
    code = teacher.code()
    ada = Student.joins(open_page(f"{server.url}/join?transport=poll#c={code}", 390, 844), "Ada")
    Student.joins(open_page(f"{server.url}/join#c={code}", 390, 844), "Grace")
    expect(teacher.page.locator(".people-count span")).to_have_text("3")
    talk(teacher, ada, [])
    ada.panel("people")
    expect(ada.page.locator(".person .name")).to_have_text(["Teacher", "Ada (you)", "Grace"])
    expect(ada.page.get_by_text("In a class this large only the number is shown.")).to_be_hidden()


def test_a_network_that_holds_back_streams_too_gets_a_long_poll(server, proxy, open_page):
    teacher = Teacher.starts(open_page(server.url + "/"))
    line = proxy(server.port)
    line.blocks |= {"websocket", "stream"}
    page = open_page(f"{line.url}/join#c={teacher.code()}")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Join").click()
    student = Student(page)
    student.page.locator(".panels:not([hidden])").wait_for(timeout=60_000)
    assert student.transport() == "poll"
    talk(teacher, student, [])
    teacher.asks_yes_or_no("By asking again and again?")
    student.answers("By asking again and again?", "No")
    student.awaits_receipt("By asking again and again?")
