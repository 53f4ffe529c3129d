"""Three departments as their neighbours see them: a database, a signed REST service, a drop folder."""

from sandbox.departments.market import MarketDepartment
from sandbox.departments.transport import TransportDepartment
from sandbox.departments.water import WaterDepartment

__all__ = ["MarketDepartment", "TransportDepartment", "WaterDepartment"]
