"""What the mail side uses of the runtime, which stands above all channels."""

from typing import Protocol

from contact_center.batching import Batcher
from contact_center.channels.base import Inbound, Receipt
from contact_center.settings import Settings
from contact_center.storage import Storage
from contact_center.texts import Texts


class Host(Protocol):
    @property
    def settings(self) -> Settings: ...

    @property
    def storage(self) -> Storage: ...

    @property
    def texts(self) -> Texts: ...

    @property
    def inbox(self) -> Batcher[Inbound, Receipt]: ...

    @property
    def secret(self) -> bytes: ...
