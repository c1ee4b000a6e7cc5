"""What a declaration of a report type says. Not here: the declarations, which stand by ad product in modules beside."""

from dataclasses import dataclass

from ppc_pipeline.amazon_ads.fields import snake_case


@dataclass(frozen=True, slots=True)
class ReportType:
    """One grouping of one of Amazon's report types: the unit that is ordered, archived, loaded and shown as an asset.

    Attributes:
        name: What settings and the command line take: ``spTargeting`` or ``spCampaigns:campaignPlacement``.
        report_type_id: Amazon's ``reportTypeId``.
        ad_product: Amazon's ``adProduct``.
        group_by: Amazon's ``groupBy``.
        columns: Every documented column that goes with daily rows, in Amazon's names.
        grain: The columns that, with date and profile, tell rows apart.
        row: What one row is, in words.
        nullable: Columns of the grain that Amazon leaves empty in some rows: a vendor's ads have no SKU.
        anonymous: Whether Amazon gives rows no id, so that two of them may be alike in the grain: they are one only
            where they are alike in every column.
        id_column: Of an anonymous type, the column with the id of the rows that have one: these the grain tells apart.
        max_range_days: Days one request may span, both ends included.
        retention_days: How far back Amazon serves it.
    """

    name: str
    report_type_id: str
    ad_product: str
    group_by: tuple[str, ...]
    columns: tuple[str, ...]
    grain: tuple[str, ...]
    row: str
    nullable: tuple[str, ...] = ()
    anonymous: bool = False
    id_column: str = ""
    max_range_days: int = 31
    retention_days: int = 95

    @property
    def table(self) -> str:
        """The table and asset: ``report_sp_targeting``, ``report_sp_campaigns_campaign_placement``."""
        return "report_" + snake_case(self.name.replace(":", "_")).replace("__", "_")
