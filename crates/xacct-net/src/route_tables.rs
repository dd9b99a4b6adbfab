//! Route tables and which subnets use them.

use crate::outputs::{SubnetInfo, VpcInfo};
use crate::site::{IN_USE, NOT_FOUND, Site, by, gone_is_fine, pick, steady, unreadable};
use aws_sdk_ec2::types::{ResourceType, RouteTable, RouteTableAssociation};
use xacct_converge::{Context, Decision, Failure, Inputs, Needs, Reason, Resource, Settled, Timing, Value};
use xacct_types::RouteTableId;

/// A route table without routes of its own.
pub(crate) struct TableNode {
    pub(crate) site: Site,
    pub(crate) vpc: Value<VpcInfo>,
    /// `warehouse/routes-private`.
    pub(crate) resource: String,
}

impl TableNode {
    fn candidates(&self, all: &[RouteTable], vpc: Option<&VpcInfo>) -> (Option<RouteTable>, Vec<RouteTable>) {
        let ours = all
            .iter()
            .filter(|table| self.site.owns(&table.tags, &self.resource))
            .cloned();
        pick(ours.collect(), |table| {
            let here = vpc.is_some_and(|vpc| table.vpc_id() == Some(vpc.id.as_str()));
            let used = here && !table.associations().is_empty();
            (
                used,
                format!(
                    "{}{}",
                    u8::from(!here),
                    table.route_table_id().unwrap_or_default()
                ),
            )
        })
    }

    fn id(table: &RouteTable) -> Option<RouteTableId> {
        table.route_table_id()?.parse().ok()
    }
}

impl Resource for TableNode {
    type Output = RouteTableId;

    fn kind(&self) -> &'static str {
        "AWS::EC2::RouteTable"
    }

    fn needs(&self) -> Needs {
        Needs::none().value(&self.vpc)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<RouteTableId> {
        let vpc = known.known(&self.vpc);
        let (chosen, surplus) = self.candidates(&self.site.seen.route_tables, vpc.as_ref());
        let surplus = surplus.iter().filter_map(Self::id).collect();
        let decision = match chosen.and_then(|table| Some((table.vpc_id.clone(), Self::id(&table)?))) {
            None => Decision::create(),
            Some((at, id)) if vpc.is_some_and(|vpc| at.as_deref() == Some(vpc.id.as_str())) => {
                Decision::keep(id)
            }
            Some((at, id)) => Decision::replace(id, vec![Reason::follows("vpc", at.unwrap_or_default())]),
        };
        decision.with_surplus(surplus)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<RouteTableId, Failure> {
        let vpc = inputs.get(&self.vpc)?;
        let tags = self.site.tagged(ResourceType::RouteTable, &self.resource);
        let request = self
            .site
            .ec2
            .create_route_table()
            .vpc_id(vpc.id.as_str())
            .tag_specifications(tags);
        let request = request.client_token(self.site.token(&self.resource, vpc.id.as_str(), 0));
        let call = cx.once("ec2:CreateRouteTable").not_yet(NOT_FOUND);
        let answer = call.run(|| request.clone().send()).await?;
        answer
            .route_table
            .as_ref()
            .and_then(Self::id)
            .ok_or_else(|| unreadable("ec2:CreateRouteTable"))
    }

    async fn recover(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<Option<RouteTableId>, Failure> {
        let vpc = inputs.get(&self.vpc)?;
        let mut all = self
            .site
            .route_tables(self.site.named(&self.resource), cx)
            .await?;
        all.retain(|table| table.vpc_id() == Some(vpc.id.as_str()));
        Ok(self.candidates(&all, Some(&vpc)).0.as_ref().and_then(Self::id))
    }

    async fn settle(
        &self,
        current: &RouteTableId,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<RouteTableId>, Failure> {
        let look = || async {
            let found = self
                .site
                .route_tables(vec![by("route-table-id", current.as_str())], cx)
                .await?;
            Ok(found
                .iter()
                .any(|table| table.route_table_id() == Some(current.as_str())))
        };
        Ok(if steady(cx, look).await? {
            Settled::Ready(current.clone())
        } else {
            Settled::Waiting("the route table to be visible".into())
        })
    }

    async fn delete(&self, current: &RouteTableId, cx: &Context) -> Result<(), Failure> {
        let request = self
            .site
            .ec2
            .delete_route_table()
            .route_table_id(current.as_str());
        let call = cx.idempotent("ec2:DeleteRouteTable").busy(IN_USE);
        gone_is_fine(call.run(|| request.clone().send()).await)
    }

    fn timing(&self) -> Timing {
        Timing::seconds(1, 1)
    }
}

/// A subnet uses a route table.
pub(crate) struct UseNode {
    pub(crate) site: Site,
    pub(crate) table: Value<RouteTableId>,
    pub(crate) subnet: Value<SubnetInfo>,
}

impl UseNode {
    /// The association of the subnet in any of these tables: its id and the table's.
    fn of_subnet(tables: &[RouteTable], subnet: &SubnetInfo) -> Option<(String, String)> {
        let mine = |a: &&RouteTableAssociation| a.subnet_id() == Some(subnet.id.as_str());
        tables.iter().find_map(|table| {
            let association = table.associations().iter().find(mine)?;
            Some((
                association.route_table_association_id.clone()?,
                table.route_table_id.clone()?,
            ))
        })
    }

    pub(crate) async fn replace(
        &self,
        old: &str,
        table: &RouteTableId,
        cx: &Context,
    ) -> Result<String, Failure> {
        let request = self.site.ec2.replace_route_table_association();
        let request = request.association_id(old).route_table_id(table.as_str());
        let call = cx.idempotent("ec2:ReplaceRouteTableAssociation");
        let answer = call.run(|| request.clone().send()).await?;
        answer
            .new_association_id
            .ok_or_else(|| unreadable("ec2:ReplaceRouteTableAssociation"))
    }

    /// The subnet is associated already, by an answer that was lost or by a person.
    async fn take_over(
        &self,
        subnet: &SubnetInfo,
        table: &RouteTableId,
        cx: &Context,
    ) -> Result<String, Failure> {
        let filter = by("association.subnet-id", subnet.id.as_str());
        let tables = self.site.route_tables(vec![filter], cx).await?;
        match Self::of_subnet(&tables, subnet) {
            Some((id, at)) if at == table.as_str() => Ok(id),
            Some((id, _)) => self.replace(&id, table, cx).await,
            None => Err(unreadable("ec2:AssociateRouteTable")),
        }
    }
}

impl Resource for UseNode {
    type Output = String;

    fn kind(&self) -> &'static str {
        "AWS::EC2::SubnetRouteTableAssociation"
    }

    fn needs(&self) -> Needs {
        Needs::none().value(&self.table).value(&self.subnet)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<String> {
        let (table, subnet) = (known.known(&self.table), known.known(&self.subnet));
        let found = subnet
            .as_ref()
            .and_then(|subnet| Self::of_subnet(&self.site.seen.route_tables, subnet));
        match (found, table) {
            (None, _) => Decision::create(),
            (Some((id, at)), Some(table)) if at == table.as_str() => Decision::keep(id),
            (Some((id, at)), Some(table)) => {
                let reason = Reason::differs("route table", at, table);
                Decision::update(id, vec![reason])
            }
            (Some((id, at)), None) => Decision::update(id, vec![Reason::follows("route table", at)]),
        }
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<String, Failure> {
        let (table, subnet) = (inputs.get(&self.table)?, inputs.get(&self.subnet)?);
        let request = self.site.ec2.associate_route_table();
        let request = request
            .route_table_id(table.as_str())
            .subnet_id(subnet.id.as_str());
        let call = cx.idempotent("ec2:AssociateRouteTable").not_yet(NOT_FOUND);
        match call.run(|| request.clone().send()).await {
            Ok(answer) => answer
                .association_id
                .ok_or_else(|| unreadable("ec2:AssociateRouteTable")),
            Err(failure) if failure.is_code(&["Resource.AlreadyAssociated"]) => {
                self.take_over(&subnet, &table, cx).await
            }
            Err(failure) => Err(failure),
        }
    }

    async fn recover(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<Option<String>, Failure> {
        let (table, subnet) = (inputs.get(&self.table)?, inputs.get(&self.subnet)?);
        let filter = by("association.subnet-id", subnet.id.as_str());
        let tables = self.site.route_tables(vec![filter], cx).await?;
        let found = Self::of_subnet(&tables, &subnet);
        Ok(found.filter(|(_, at)| at == table.as_str()).map(|(id, _)| id))
    }

    async fn configure(
        &self,
        current: String,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<String, Failure> {
        if reasons.is_empty() {
            return Ok(current);
        }
        self.replace(&current, &inputs.get(&self.table)?, cx).await
    }

    async fn settle(
        &self,
        current: &String,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<String>, Failure> {
        let (table, subnet) = (inputs.get(&self.table)?, inputs.get(&self.subnet)?);
        let look = || async {
            let found = self
                .site
                .route_tables(vec![by("route-table-id", table.as_str())], cx)
                .await?;
            Ok(Self::of_subnet(&found, &subnet).is_some_and(|(id, _)| id == *current))
        };
        Ok(if steady(cx, look).await? {
            Settled::Ready(current.clone())
        } else {
            Settled::Waiting("the subnet to use its route table".into())
        })
    }

    async fn delete(&self, current: &String, cx: &Context) -> Result<(), Failure> {
        let request = self.site.ec2.disassociate_route_table().association_id(current);
        let call = cx.idempotent("ec2:DisassociateRouteTable");
        gone_is_fine(call.run(|| request.clone().send()).await)
    }
}
