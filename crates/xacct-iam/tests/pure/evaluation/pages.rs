//! The pages of the IAM user guide that the cases are drawn from.

macro_rules! page {
    ($name:ident, $page:literal) => {
        pub(crate) const $name: &str = concat!("https://docs.aws.amazon.com/IAM/latest/UserGuide/", $page);
    };
}

page!(ACTION, "reference_policies_elements_action.html");
page!(NOT_ACTION, "reference_policies_elements_notaction.html");
page!(RESOURCE, "reference_policies_elements_resource.html");
page!(NOT_RESOURCE, "reference_policies_elements_notresource.html");
page!(PRINCIPAL, "reference_policies_elements_principal.html");
page!(
    SERVICE,
    "reference_policies_elements_principal.html#principal-services"
);
page!(NOT_PRINCIPAL, "reference_policies_elements_notprincipal.html");
page!(IDS, "reference_identifiers.html#identifiers-unique-ids");
page!(
    EXTERNAL_ID,
    "id_roles_common-scenarios_third-party.html#id_roles_third-party_external-id"
);
page!(VARIABLES, "reference_policies_variables.html");
page!(KEYS, "reference_policies_condition-keys.html");
page!(
    STRING,
    "reference_policies_elements_condition_operators.html#Conditions_String"
);
page!(
    NUMERIC,
    "reference_policies_elements_condition_operators.html#Conditions_Numeric"
);
page!(
    DATE,
    "reference_policies_elements_condition_operators.html#Conditions_Date"
);
page!(
    BOOL,
    "reference_policies_elements_condition_operators.html#Conditions_Boolean"
);
page!(
    BINARY,
    "reference_policies_elements_condition_operators.html#Conditions_BinaryEquals"
);
page!(
    IP,
    "reference_policies_elements_condition_operators.html#Conditions_IPAddress"
);
page!(
    ARN,
    "reference_policies_elements_condition_operators.html#Conditions_ARN"
);
page!(
    IF_EXISTS,
    "reference_policies_elements_condition_operators.html#Conditions_IfExists"
);
page!(
    NULL,
    "reference_policies_elements_condition_operators.html#Conditions_Null"
);
page!(
    MANY,
    "reference_policies_condition-logic-multiple-context-keys-or-values.html"
);
page!(
    SETS,
    "reference_policies_condition-single-vs-multi-valued-context-keys.html"
);
page!(
    LOGIC,
    "reference_policies_evaluation-logic_policy-eval-denyallow.html"
);
page!(
    SAME_ACCOUNT,
    "reference_policies_evaluation-logic_policy-eval-basics-single-account.html"
);
page!(
    CROSS_ACCOUNT,
    "reference_policies_evaluation-logic-cross-account.html"
);
page!(BOUNDARY, "access_policies_boundaries.html");
page!(SESSION, "access_policies.html#policies_session");
page!(
    EXPLICIT,
    "reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html"
);
