"""Two receivers, the province and the nation, with their own durable log: the only witness of what arrived."""

from sandbox.receivers.faults import FAULTS, Faults
from sandbox.receivers.log import Applied, Attempt, ReceiverLog
from sandbox.receivers.receiver import Receiver
from sandbox.receivers.witness import Witness

__all__ = ["FAULTS", "Applied", "Attempt", "Faults", "Receiver", "ReceiverLog", "Witness"]
