//! The peering: asked for by the warehouse's account, accepted by the source's.

use crate::outputs::VpcInfo;
use crate::site::{NOT_FOUND, Site, Usable, by, gone_is_fine, unreadable};
use aws_sdk_ec2::types::{ResourceType, VpcPeeringConnection, VpcPeeringConnectionStateReasonCode as State};
use xacct_converge::{Context, Decision, Failure, Inputs, Needs, Reason, Resource, Settled, Timing, Value};
use xacct_types::PeeringId;

/// What tags say about the peering on one side.
const NOUN: &str = "peering";

fn id(peering: &VpcPeeringConnection) -> Option<PeeringId> {
    peering.vpc_peering_connection_id()?.parse().ok()
}

pub(crate) fn state(peering: &VpcPeeringConnection) -> Option<&State> {
    peering.status()?.code()
}

/// Whether it joins these VPCs, whoever asked whom.
pub(crate) fn joins(peering: &VpcPeeringConnection, a: &str, b: &str) -> bool {
    let requester = peering.requester_vpc_info().and_then(|info| info.vpc_id());
    let accepter = peering.accepter_vpc_info().and_then(|info| info.vpc_id());
    (requester == Some(a) && accepter == Some(b)) || (requester == Some(b) && accepter == Some(a))
}

/// The peering between two VPCs: an active one, else the lowest id.
fn between(all: &[VpcPeeringConnection], a: &VpcInfo, b: &VpcInfo) -> Option<VpcPeeringConnection> {
    let joining = all
        .iter()
        .filter(|peering| joins(peering, a.id.as_str(), b.id.as_str()) && alive(peering));
    let rank = |peering: &&VpcPeeringConnection| {
        let active = state(peering) == Some(&State::Active);
        (!active, peering.vpc_peering_connection_id.clone())
    };
    joining.min_by_key(rank).cloned()
}

fn alive(peering: &VpcPeeringConnection) -> bool {
    let alive = [
        State::InitiatingRequest,
        State::PendingAcceptance,
        State::Provisioning,
        State::Active,
    ];
    state(peering).is_some_and(|state| alive.contains(state))
}

impl Site {
    /// Tags a peering on this side: each account sees only its own tags of it.
    async fn tag_peering(&self, peering: &PeeringId, cx: &Context) -> Result<(), Failure> {
        let tags = self.tag_list(&self.side.name(NOUN));
        let request = self
            .ec2
            .create_tags()
            .resources(peering.as_str())
            .set_tags(Some(tags));
        let call = cx.idempotent("ec2:CreateTags").not_yet(NOT_FOUND);
        call.run(|| request.clone().send()).await?;
        Ok(())
    }

    fn untagged(&self, peering: &VpcPeeringConnection) -> Vec<Reason> {
        self.tag_reasons(&peering.tags, &self.side.name(NOUN))
    }

    /// One peering as this side sees it; `None` where it sees none.
    async fn peering(&self, id: &PeeringId, cx: &Context) -> Result<Option<VpcPeeringConnection>, Failure> {
        let found = self
            .peerings_by(vec![by("vpc-peering-connection-id", id.as_str())], cx)
            .await?;
        Ok(found
            .into_iter()
            .find(|peering| peering.vpc_peering_connection_id() == Some(id.as_str())))
    }
}

/// States from which nothing comes any more.
fn ended(peering: &VpcPeeringConnection) -> Option<Failure> {
    let end = match state(peering)? {
        State::Failed | State::Expired | State::Rejected | State::Deleted | State::Deleting => {
            state(peering)?
        }
        _ => return None,
    };
    let said = peering
        .status()
        .and_then(|status| status.message())
        .unwrap_or("no message");
    let message = format!("the peering is {}: {said}", end.as_str());
    Some(Failure::terminal("ec2:CreateVpcPeeringConnection", message))
}

/// The request, in the warehouse's account.
pub(crate) struct RequestNode {
    pub(crate) site: Site,
    /// The warehouse's VPC.
    pub(crate) here: Value<VpcInfo>,
    /// The source's VPC.
    pub(crate) there: Value<VpcInfo>,
}

impl Resource for RequestNode {
    type Output = PeeringId;

    fn kind(&self) -> &'static str {
        "AWS::EC2::VPCPeeringConnection"
    }

    fn needs(&self) -> Needs {
        Needs::none().value(&self.here).value(&self.there)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<PeeringId> {
        let (Some(here), Some(there)) = (known.known(&self.here), known.known(&self.there)) else {
            return Decision::create();
        };
        let found = between(&self.site.seen.peerings, &here, &there);
        let Some((peering, id)) = found.and_then(|peering| Some((peering.clone(), id(&peering)?))) else {
            return Decision::create();
        };
        let waits = state(&peering) == Some(&State::InitiatingRequest);
        Decision::update(id, self.site.untagged(&peering)).settled(!waits)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<PeeringId, Failure> {
        let (here, there) = (inputs.get(&self.here)?, inputs.get(&self.there)?);
        let tags = self
            .site
            .tagged(ResourceType::VpcPeeringConnection, &self.site.side.name(NOUN));
        let request = self
            .site
            .ec2
            .create_vpc_peering_connection()
            .vpc_id(here.id.as_str());
        let request = request
            .peer_vpc_id(there.id.as_str())
            .peer_owner_id(there.account.as_str());
        let request = request.tag_specifications(tags);
        // Asking twice in the same direction gives the same peering.
        let call = cx.idempotent("ec2:CreateVpcPeeringConnection").not_yet(NOT_FOUND);
        let answer = call.run(|| request.clone().send()).await?;
        let made = answer.vpc_peering_connection.as_ref();
        if let Some(failure) = made.and_then(ended) {
            return Err(failure);
        }
        made.and_then(id)
            .ok_or_else(|| unreadable("ec2:CreateVpcPeeringConnection"))
    }

    async fn configure(
        &self,
        current: PeeringId,
        reasons: &[Reason],
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<PeeringId, Failure> {
        if !reasons.is_empty() {
            self.site.tag_peering(&current, cx).await?;
        }
        Ok(current)
    }

    async fn settle(
        &self,
        current: &PeeringId,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<PeeringId>, Failure> {
        let Some(peering) = self.site.peering(current, cx).await? else {
            return Ok(Settled::Waiting("the peering to be visible".into()));
        };
        if let Some(failure) = ended(&peering) {
            return Err(failure);
        }
        Ok(match state(&peering) {
            Some(State::InitiatingRequest) | None => {
                Settled::Waiting("the peering request to be sent".into())
            }
            Some(_) => Settled::Ready(current.clone()),
        })
    }

    async fn delete(&self, current: &PeeringId, cx: &Context) -> Result<(), Failure> {
        let request = self
            .site
            .ec2
            .delete_vpc_peering_connection()
            .vpc_peering_connection_id(current.as_str());
        let call = cx.idempotent("ec2:DeleteVpcPeeringConnection");
        match call.run(|| request.clone().send()).await {
            // Failed and deleted ones cannot be deleted and go by themselves.
            Err(failure) if failure.is_code(&["InvalidStateTransition"]) => Ok(()),
            result => gone_is_fine(result),
        }
    }

    async fn gone(&self, current: &PeeringId, cx: &Context) -> Result<bool, Failure> {
        let found = self.site.peering(current, cx).await?;
        Ok(found.is_none_or(|peering| !alive(&peering) && state(&peering) != Some(&State::Deleting)))
    }

    fn timing(&self) -> Timing {
        Timing::seconds(2, 2).patience(300)
    }
}

/// The acceptance, in the source's account, and the wait until both sides see it active.
pub(crate) struct AcceptNode {
    /// The source's account.
    pub(crate) site: Site,
    /// The warehouse's account.
    pub(crate) requester: Site,
    pub(crate) peering: Usable<PeeringId>,
}

impl AcceptNode {
    fn seen<'a>(site: &'a Site, id: &PeeringId) -> Option<&'a VpcPeeringConnection> {
        let mut all = site.seen.peerings.iter();
        all.find(|peering| peering.vpc_peering_connection_id() == Some(id.as_str()))
    }

    /// A peering that was asked for the other way round is accepted the other way round.
    fn accepter(&self, id: &PeeringId) -> &Site {
        let Some(peering) = Self::seen(&self.requester, id) else {
            return &self.site;
        };
        let vpc = peering
            .accepter_vpc_info()
            .and_then(|info| info.vpc_id())
            .unwrap_or_default();
        let here = self
            .requester
            .seen
            .vpcs
            .iter()
            .any(|own| own.vpc_id() == Some(vpc));
        if here { &self.requester } else { &self.site }
    }
}

impl Resource for AcceptNode {
    type Output = PeeringId;

    fn kind(&self) -> &'static str {
        "AWS::EC2::VPCPeeringConnection (acceptance)"
    }

    fn needs(&self) -> Needs {
        Needs::none().value(self.peering.awaited())
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<PeeringId> {
        let Some(id) = self.peering.known(known) else {
            return Decision::create();
        };
        let active = |site| Self::seen(site, &id).is_some_and(|p| state(p) == Some(&State::Active));
        match Self::seen(&self.site, &id) {
            Some(peering) if active(&self.site) => {
                Decision::update(id.clone(), self.site.untagged(peering)).settled(active(&self.requester))
            }
            _ => Decision::create(),
        }
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<PeeringId, Failure> {
        let id = self.peering.get(inputs)?;
        let accepter = self.accepter(&id);
        let request = accepter
            .ec2
            .accept_vpc_peering_connection()
            .vpc_peering_connection_id(id.as_str());
        // The accepter may not see it yet, even after the requester does.
        let call = cx.idempotent("ec2:AcceptVpcPeeringConnection").not_yet(NOT_FOUND);
        match call.run(|| request.clone().send()).await {
            Ok(_) => Ok(id),
            // Accepted by a call whose answer was lost; settling tells whether that is so.
            Err(failure)
                if failure.is_code(&["InvalidStateTransition", "VpcPeeringConnectionAlreadyExists"]) =>
            {
                let found = self.site.peering(&id, cx).await?;
                if found.as_ref().is_some_and(alive) {
                    Ok(id)
                } else {
                    Err(failure)
                }
            }
            Err(failure) => Err(failure),
        }
    }

    async fn configure(
        &self,
        current: PeeringId,
        _: &[Reason],
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<PeeringId, Failure> {
        self.site.tag_peering(&current, cx).await?;
        Ok(current)
    }

    async fn settle(
        &self,
        current: &PeeringId,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<PeeringId>, Failure> {
        for site in [&self.site, &self.requester] {
            let found = site.peering(current, cx).await?;
            if let Some(failure) = found.as_ref().and_then(ended) {
                return Err(failure);
            }
            if found.as_ref().and_then(state) != Some(&State::Active) {
                let waiting = format!("the {} account to see the peering active", site.side);
                return Ok(Settled::Waiting(waiting));
            }
        }
        Ok(Settled::Ready(current.clone()))
    }

    /// The requester's side takes the peering away.
    async fn delete(&self, _: &PeeringId, _: &Context) -> Result<(), Failure> {
        Ok(())
    }

    fn timing(&self) -> Timing {
        Timing::seconds(2, 0).patience(300)
    }
}
