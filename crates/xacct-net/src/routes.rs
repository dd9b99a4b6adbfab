//! Routes to the other network, to the NAT gateway and to the internet gateway.

use crate::site::{NOT_FOUND, Site, Usable, by, gone_is_fine, steady};
use aws_sdk_ec2::types::{Route, RouteState, RouteTable};
use xacct_converge::{Context, Decision, Failure, Inputs, Needs, Reason, Resource, Settled, Timing, Value};
use xacct_types::{Cidr, GatewayId, NatGatewayId, PeeringId, RouteTableId};

/// Where a route leads, by physical id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Via {
    Peering(PeeringId),
    Nat(NatGatewayId),
    Internet(GatewayId),
}

impl Via {
    fn id(&self) -> &str {
        match self {
            Self::Peering(id) => id.as_str(),
            Self::Nat(id) => id.as_str(),
            Self::Internet(id) => id.as_str(),
        }
    }
}

/// One route of a table.
pub(crate) struct RouteNode {
    pub(crate) site: Site,
    pub(crate) table: Value<RouteTableId>,
    pub(crate) destination: Cidr,
    pub(crate) via: Usable<Via>,
}

/// What a route leads to, by physical id.
pub(crate) fn target(route: &Route) -> &str {
    let ids = [
        route.vpc_peering_connection_id(),
        route.nat_gateway_id(),
        route.gateway_id(),
        route.transit_gateway_id(),
        route.network_interface_id(),
        route.instance_id(),
        route.carrier_gateway_id(),
        route.local_gateway_id(),
        route.core_network_arn(),
        route.egress_only_internet_gateway_id(),
    ];
    ids.into_iter().flatten().next().unwrap_or("nothing")
}

impl RouteNode {
    fn find(&self, tables: &[RouteTable], id: &RouteTableId) -> Option<Route> {
        let table = tables
            .iter()
            .find(|table| table.route_table_id() == Some(id.as_str()))?;
        let wanted = self.destination.to_string();
        let mut routes = table.routes().iter();
        routes
            .find(|route| route.destination_cidr_block() == Some(&wanted))
            .cloned()
    }

    async fn add(&self, table: &RouteTableId, via: &Via, cx: &Context) -> Result<(), Failure> {
        let request = self.site.ec2.create_route().route_table_id(table.as_str());
        let request = request.destination_cidr_block(self.destination.to_string());
        let request = match via {
            Via::Peering(id) => request.vpc_peering_connection_id(id.as_str()),
            Via::Nat(id) => request.nat_gateway_id(id.as_str()),
            Via::Internet(id) => request.gateway_id(id.as_str()),
        };
        let call = cx.idempotent("ec2:CreateRoute").not_yet(NOT_FOUND);
        call.run(|| request.clone().send()).await?;
        Ok(())
    }

    pub(crate) async fn turn(&self, table: &RouteTableId, via: &Via, cx: &Context) -> Result<(), Failure> {
        let request = self.site.ec2.replace_route().route_table_id(table.as_str());
        let request = request.destination_cidr_block(self.destination.to_string());
        let request = match via {
            Via::Peering(id) => request.vpc_peering_connection_id(id.as_str()),
            Via::Nat(id) => request.nat_gateway_id(id.as_str()),
            Via::Internet(id) => request.gateway_id(id.as_str()),
        };
        let call = cx.idempotent("ec2:ReplaceRoute");
        call.run(|| request.clone().send()).await?;
        Ok(())
    }
}

impl Resource for RouteNode {
    /// The table that holds it.
    type Output = RouteTableId;

    fn kind(&self) -> &'static str {
        "AWS::EC2::Route"
    }

    fn needs(&self) -> Needs {
        Needs::none().value(&self.table).value(self.via.awaited())
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<RouteTableId> {
        let Some(table) = known.known(&self.table) else {
            return Decision::create();
        };
        let Some(route) = self.find(&self.site.seen.route_tables, &table) else {
            return Decision::create();
        };
        let leads = target(&route);
        let attribute = format!("route {}", self.destination);
        match self.via.known(known) {
            Some(via) if via.id() == leads => {
                let active = route.state == Some(RouteState::Active);
                Decision::keep(table).settled(active)
            }
            Some(via) => Decision::update(table, vec![Reason::differs(attribute, leads, via.id())]),
            None => Decision::update(table, vec![Reason::follows(attribute, leads)]),
        }
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<RouteTableId, Failure> {
        let (table, via) = (inputs.get(&self.table)?, self.via.get(inputs)?);
        match self.add(&table, &via, cx).await {
            // By an answer that was lost, or by a person; either way it leads to us now.
            Err(failure) if failure.is_code(&["RouteAlreadyExists"]) => self.turn(&table, &via, cx).await?,
            result => result?,
        }
        Ok(table)
    }

    async fn configure(
        &self,
        table: RouteTableId,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<RouteTableId, Failure> {
        if reasons.is_empty() {
            return Ok(table);
        }
        let via = self.via.get(inputs)?;
        match self.turn(&table, &via, cx).await {
            // Routes to a NAT gateway may vanish with it.
            Err(failure) if failure.is_code(&["InvalidRoute.NotFound"]) => self.add(&table, &via, cx).await?,
            result => result?,
        }
        Ok(table)
    }

    async fn settle(
        &self,
        table: &RouteTableId,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<RouteTableId>, Failure> {
        let via = self.via.get(inputs)?;
        let filters = || vec![by("route-table-id", table.as_str())];
        let active = |route: &Route| target(route) == via.id() && route.state == Some(RouteState::Active);
        let steady = steady(cx, || async {
            let tables = self.site.route_tables(filters(), cx).await?;
            Ok(self.find(&tables, table).as_ref().is_some_and(active))
        });
        Ok(if steady.await? {
            Settled::Ready(table.clone())
        } else {
            Settled::Waiting(format!("the route for {} to be active", self.destination))
        })
    }

    async fn delete(&self, table: &RouteTableId, cx: &Context) -> Result<(), Failure> {
        let request = self.site.ec2.delete_route().route_table_id(table.as_str());
        let request = request.destination_cidr_block(self.destination.to_string());
        let call = cx.idempotent("ec2:DeleteRoute");
        gone_is_fine(call.run(|| request.clone().send()).await)
    }

    fn timing(&self) -> Timing {
        Timing::seconds(1, 1).patience(300)
    }
}
