import re

from ketplan.ehr import scopes


def test_v2_letters_where_the_server_declares_them_and_v1_words_elsewhere() -> None:
    v2 = scopes.requested(frozenset({"permission-v2"}), in_ehr=True).split()
    v1 = scopes.requested(frozenset(), in_ehr=True).split()
    assert "user/CarePlan.crus" in v2
    assert "patient/Condition.rs" in v2
    assert {"user/CarePlan.read", "user/CarePlan.write", "patient/Condition.read"} <= set(v1)
    assert "patient/Condition.write" not in v1


def test_the_launch_scope_follows_the_kind_of_launch() -> None:
    inside = scopes.requested(frozenset(), in_ehr=True).split()
    alone = scopes.requested(frozenset(), in_ehr=False).split()
    assert "launch" in inside and "launch/patient" not in inside
    assert "launch/patient" in alone and "launch" not in alone
    assert {"openid", "fhirUser"} <= set(inside) & set(alone)


def test_a_sites_own_list_replaces_ketplans() -> None:
    assert (
        scopes.requested(frozenset(), in_ehr=True, override=("openid", "patient/*.rs"))
        == "openid patient/*.rs"
    )


def test_letters_stand_in_order_no_right_twice_each_with_a_reason_and_nothing_is_deleted() -> None:
    for scope in scopes.SCOPES:
        assert re.fullmatch("c?r?u?s?", scope.may)
        assert scope.reason
    rights = [(scope.kind, letter) for scope in scopes.SCOPES for letter in scope.may]
    assert len(set(rights)) == len(rights)
