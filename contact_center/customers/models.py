"""People who write to us, and the addresses they write from."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Name, Short, Table
from contact_center.search import LONGEST_TOKEN


class Customer(Table):
    __tablename__ = "customers"

    id: Mapped[Key]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    name: Mapped[Name] = mapped_column(default="")
    email: Mapped[str | None] = mapped_column(String(320), index=True)
    phone: Mapped[str | None] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(8), default="en")
    note: Mapped[str] = mapped_column(Text, default="")
    blocked_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    # A change of a version that somebody else has changed meanwhile is refused.
    __mapper_args__ = {"version_id_col": version}


class Identity(Table):
    """One address of a customer on one channel."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("channel", "address"),)

    id: Mapped[Key]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    channel: Mapped[Short]
    address: Mapped[str] = mapped_column(String(320))
    name: Mapped[Name] = mapped_column(default="")
    verified: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class CustomerWord(Table):
    """A word of somebody's name or addresses, by whose beginning they are found."""

    __tablename__ = "customer_words"
    __table_args__ = (
        Index("ix_customer_words_customer", "customer_id", "token"),
        {"sqlite_with_rowid": False},
    )

    # Compared byte by byte, as SQLite does: a beginning is a range of the index.
    token: Mapped[str] = mapped_column(
        String(LONGEST_TOKEN).with_variant(String(LONGEST_TOKEN, collation="C"), "postgresql"),
        primary_key=True,
    )
    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True
    )
