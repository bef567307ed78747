from contact_center.customers import queries as customers
from contact_center.events.rules import agent
from contact_center.storage import StoredFile
from contact_center.uploads.actions import add_upload, take
from contact_center.uploads.models import Upload


async def test_the_id_of_a_deleted_customer_is_not_given_out_again(session, clock) -> None:
    rows = [{"name": name, "language": "en", "note": "", "created_at": clock()} for name in "ab"]
    [_, last] = await customers.insert_customers(session, rows)
    await customers.delete_customers(session, [last])

    [following] = await customers.insert_customers(session, rows[:1])

    assert following > last


async def test_the_id_of_an_upload_that_was_sent_is_not_given_out_again(session, clock) -> None:
    async def upload(key: str) -> Upload:
        file = StoredFile(key, "a.png", "image/png", 3, "0" * 64)
        return await add_upload(session, file, by=agent(1), now=clock())

    sent = await upload("one")
    await take(session, [sent.id], by=agent(1))

    assert (await upload("two")).id > sent.id
