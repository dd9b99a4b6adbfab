//! Route tables and which subnets use them.

use crate::outputs::{SubnetInfo, VpcInfo};
use crate::routes::target;
use crate::site::{IN_USE, NOT_FOUND, Site, by, gone_is_fine, pick, steady, unreadable};
use aws_sdk_ec2::types::{ResourceType, Route, RouteOrigin, RouteState, RouteTable, RouteTableAssociation};
use std::collections::BTreeSet;
use xacct_converge::{Context, Decision, Failure, Inputs, Needs, Reason, Resource, Settled, Timing, Value};
use xacct_types::RouteTableId;

/// Before the destination of a route, in reasons.
const ROUTE: &str = "route ";

/// A route table. Its routes are resources of their own; what else leads
/// somewhere in it is taken out.
pub(crate) struct TableNode {
    pub(crate) site: Site,
    pub(crate) vpc: Value<VpcInfo>,
    /// `warehouse/routes-private`.
    pub(crate) resource: String,
    /// The destinations that have a resource; `None` where others may have routes in it.
    pub(crate) destinations: Option<BTreeSet<String>>,
}

/// What a route is for: a block of either kind or a prefix list.
fn destination(route: &Route) -> Option<&str> {
    route
        .destination_cidr_block()
        .or_else(|| route.destination_ipv6_cidr_block())
        .or_else(|| route.destination_prefix_list_id())
}

/// Whether somebody put it there by hand: not the local one, not one that a
/// gateway propagates, not one that belongs to an endpoint.
fn by_hand(route: &Route) -> bool {
    let gateway = route.gateway_id().unwrap_or_default();
    route.origin() == Some(&RouteOrigin::CreateRoute) && gateway != "local" && !gateway.starts_with("vpce-")
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

    /// Routes that nobody asked for.
    fn strangers(&self, table: &RouteTable) -> Vec<Reason> {
        let Some(wanted) = &self.destinations else {
            return Vec::new();
        };
        let routes = table.routes().iter().filter(|route| by_hand(route));
        routes
            .filter_map(|route| Some((destination(route)?, route)))
            .filter(|(destination, _)| !wanted.contains(*destination))
            .map(|(destination, route)| {
                let dead = route.state() == Some(&RouteState::Blackhole);
                let leads = format!("{}{}", target(route), if dead { " (black hole)" } else { "" });
                Reason::extra(format!("{ROUTE}{destination}"), leads)
            })
            .collect()
    }

    async fn drop_route(&self, table: &RouteTableId, destination: &str, cx: &Context) -> Result<(), Failure> {
        let request = self.site.ec2.delete_route().route_table_id(table.as_str());
        let request = match destination {
            list if list.starts_with("pl-") => request.destination_prefix_list_id(list),
            block if block.contains(':') => request.destination_ipv6_cidr_block(block),
            block => request.destination_cidr_block(block),
        };
        let call = cx.idempotent("ec2:DeleteRoute");
        gone_is_fine(call.run(|| request.clone().send()).await)
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
        let decision = match chosen.and_then(|table| Some((Self::id(&table)?, table))) {
            None => Decision::create(),
            Some((id, table)) if vpc.is_some_and(|vpc| table.vpc_id() == Some(vpc.id.as_str())) => {
                let mut reasons = self.strangers(&table);
                reasons.extend(self.site.tag_reasons(&table.tags, &self.resource));
                Decision::update(id, reasons)
            }
            Some((id, table)) => {
                let at = table.vpc_id.unwrap_or_default();
                Decision::replace(id, vec![Reason::follows("vpc", at)])
            }
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

    async fn configure(
        &self,
        current: RouteTableId,
        reasons: &[Reason],
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<RouteTableId, Failure> {
        self.site.retag(current.as_str(), reasons, cx).await?;
        let strangers = reasons
            .iter()
            .filter_map(|reason| reason.attribute.strip_prefix(ROUTE));
        for destination in strangers {
            self.drop_route(&current, destination, cx).await?;
        }
        Ok(current)
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
