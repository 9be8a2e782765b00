"""The connection of MicroPython keeps the promises that paho's keeps: the same tests, on both interpreters.

Left out are tests that set constants of paho's half or look at its thread, and those of its wider bounds; what they
ask is asked in the files beside this one.
"""

import pytest

from iot.mqtt_micropython_lab import MicroPythonLab, both
from iot.test_mqtt_bounds import (
    test_close_does_not_wait_for_messages_to_go_to_a_broker_that_has_not_accepted_us,
    test_messages_that_wait_are_forgotten_by_close,
)
from iot.test_mqtt_connect import (
    test_a_broker_that_hangs_up_before_it_answers_is_tried_again,
    test_a_broker_that_is_unavailable_for_now_is_tried_again,
    test_a_broker_that_withholds_its_answer_is_given_up_in_time,
    test_a_callback_may_end_the_connection,
    test_a_connection_may_be_closed_before_it_was_connected_and_twice,
    test_a_connection_that_the_broker_accepts_is_a_session,
    test_a_disconnected_device_says_goodbye_and_is_gone,
    test_a_port_given_to_connect_wins_over_that_of_the_endpoint,
    test_a_refusal_is_final_and_says_why,
    test_after_a_disconnect_connect_makes_the_subscriptions_again,
    test_after_a_failed_connect_another_may_succeed,
    test_close_ends_a_connection_that_is_waiting_to_try_again,
    test_connecting_again_keeps_the_port_of_the_connect_before,
    test_connecting_twice_connects_once,
    test_publishing_before_connect_and_after_disconnect_is_an_error,
    test_the_goodbye_is_said_only_after_the_broker_has_acknowledged,
    test_the_last_answer_is_told_though_another_try_was_under_way_when_time_was_up,
)
from iot.test_mqtt_mending import (
    test_a_message_that_makes_the_broker_hang_up_is_dropped_and_those_behind_it_arrive,
    test_a_message_that_meets_many_losses_is_kept_while_others_are_acknowledged,
    test_a_packet_that_is_not_mqtt_costs_the_connection_and_not_the_device,
    test_a_session_counts_only_once_its_subscriptions_are_granted,
    test_a_subscription_asked_for_while_the_connection_is_down_is_made_when_it_is_up,
    test_a_subscription_refused_after_a_loss_is_told_and_the_others_live_on,
    test_an_unacknowledged_message_is_sent_again_after_a_loss_as_the_same,
    test_defect_48_a_lost_connection_is_mended_and_subscribes_again,
    test_no_more_than_eight_filters_are_in_one_packet,
)
from iot.test_mqtt_messages import (
    test_a_callback_may_publish,
    test_a_dict_is_sent_as_compact_json_and_text_as_utf_8,
    test_a_long_message_arrives_whole,
    test_a_message_is_acknowledged_once_it_was_handed_out,
    test_a_message_reaches_everybody_whose_filter_matches_and_nobody_else,
    test_a_message_that_came_before_the_wait_ends_it_at_once,
    test_a_message_that_nobody_asked_for_is_dropped_with_an_event,
    test_a_refused_subscription_is_an_error_and_is_forgotten,
    test_a_topic_that_is_not_utf_8_is_dropped_and_the_connection_lives_on,
    test_a_wait_for_nothing_ends_in_time,
    test_an_unsubscribed_filter_is_told_to_the_broker_and_not_asked_for_again,
    test_defect_40_subscriptions_and_messages_are_of_qos_1_unless_asked_otherwise,
    test_defect_46_an_error_in_a_callback_does_not_reach_the_network_thread,
    test_many_messages_in_one_go_are_all_handed_out,
    test_one_message_ends_one_wait,
    test_qos_2_which_aws_iot_does_not_know_is_refused,
    test_subscribing_again_asks_the_broker_again_since_the_qos_may_differ,
    test_subscribing_again_replaces_the_callback,
    test_what_is_no_filter_is_refused_before_it_is_remembered,
    test_what_is_no_topic_is_refused_before_it_is_queued,
)
from iot.test_mqtt_trust import (
    test_a_broker_of_an_unknown_authority_is_refused_at_once,
    test_a_device_the_broker_does_not_know_is_told_to_look_at_its_certificate,
    test_neither_key_nor_certificate_nor_message_is_logged,
    test_the_broker_sees_the_certificate_of_the_device,
)

__all__ = (
    "both",
    "test_a_broker_of_an_unknown_authority_is_refused_at_once",
    "test_a_broker_that_hangs_up_before_it_answers_is_tried_again",
    "test_a_broker_that_is_unavailable_for_now_is_tried_again",
    "test_a_broker_that_withholds_its_answer_is_given_up_in_time",
    "test_a_callback_may_end_the_connection",
    "test_a_callback_may_publish",
    "test_a_connection_may_be_closed_before_it_was_connected_and_twice",
    "test_a_connection_that_the_broker_accepts_is_a_session",
    "test_a_device_the_broker_does_not_know_is_told_to_look_at_its_certificate",
    "test_a_dict_is_sent_as_compact_json_and_text_as_utf_8",
    "test_a_disconnected_device_says_goodbye_and_is_gone",
    "test_a_long_message_arrives_whole",
    "test_a_message_is_acknowledged_once_it_was_handed_out",
    "test_a_message_reaches_everybody_whose_filter_matches_and_nobody_else",
    "test_a_message_that_came_before_the_wait_ends_it_at_once",
    "test_a_message_that_makes_the_broker_hang_up_is_dropped_and_those_behind_it_arrive",
    "test_a_message_that_meets_many_losses_is_kept_while_others_are_acknowledged",
    "test_a_message_that_nobody_asked_for_is_dropped_with_an_event",
    "test_a_packet_that_is_not_mqtt_costs_the_connection_and_not_the_device",
    "test_a_port_given_to_connect_wins_over_that_of_the_endpoint",
    "test_a_refusal_is_final_and_says_why",
    "test_a_refused_subscription_is_an_error_and_is_forgotten",
    "test_a_session_counts_only_once_its_subscriptions_are_granted",
    "test_a_subscription_asked_for_while_the_connection_is_down_is_made_when_it_is_up",
    "test_a_subscription_refused_after_a_loss_is_told_and_the_others_live_on",
    "test_a_topic_that_is_not_utf_8_is_dropped_and_the_connection_lives_on",
    "test_a_wait_for_nothing_ends_in_time",
    "test_after_a_disconnect_connect_makes_the_subscriptions_again",
    "test_after_a_failed_connect_another_may_succeed",
    "test_an_unacknowledged_message_is_sent_again_after_a_loss_as_the_same",
    "test_an_unsubscribed_filter_is_told_to_the_broker_and_not_asked_for_again",
    "test_close_does_not_wait_for_messages_to_go_to_a_broker_that_has_not_accepted_us",
    "test_close_ends_a_connection_that_is_waiting_to_try_again",
    "test_connecting_again_keeps_the_port_of_the_connect_before",
    "test_connecting_twice_connects_once",
    "test_defect_40_subscriptions_and_messages_are_of_qos_1_unless_asked_otherwise",
    "test_defect_46_an_error_in_a_callback_does_not_reach_the_network_thread",
    "test_defect_48_a_lost_connection_is_mended_and_subscribes_again",
    "test_many_messages_in_one_go_are_all_handed_out",
    "test_messages_that_wait_are_forgotten_by_close",
    "test_neither_key_nor_certificate_nor_message_is_logged",
    "test_no_more_than_eight_filters_are_in_one_packet",
    "test_one_message_ends_one_wait",
    "test_publishing_before_connect_and_after_disconnect_is_an_error",
    "test_qos_2_which_aws_iot_does_not_know_is_refused",
    "test_subscribing_again_asks_the_broker_again_since_the_qos_may_differ",
    "test_subscribing_again_replaces_the_callback",
    "test_the_broker_sees_the_certificate_of_the_device",
    "test_the_goodbye_is_said_only_after_the_broker_has_acknowledged",
    "test_the_last_answer_is_told_though_another_try_was_under_way_when_time_was_up",
    "test_what_is_no_filter_is_refused_before_it_is_remembered",
    "test_what_is_no_topic_is_refused_before_it_is_queued",
)


@pytest.fixture
def mqtt_lab(both: MicroPythonLab) -> MicroPythonLab:
    """Under the name by which those tests ask for it."""
    return both
