# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: failure recovery
  What becomes of an allocation, a node, an ensemble when one of its parts fails.

  Background:
    Given these nodes:
      | name    | role         |
      | Alice   | orchestrator |
      | Bob     | provider     |
      | Charlie | provider     |
    And they are members of the organisation "nunet"

  Scenario: An allocation that fails stays down, and the others run on (stay_down)
    Given a job with these allocations:
      | node | name   | type    | peer    | recovery  | runs                    |
      | one  | breaks | service | Bob     | stay_down | echo up; sleep 1; exit 9 |
      | two  | stays  | service | Charlie | stay_down | while true; do sleep 1; done |
    When Alice deploys it
    Then the deployment becomes Running
    And "one.breaks" becomes failed, for it ended with "9"
    And Bob is idle
    And "two.stays" is still running
    And the deployment is still Running
    When Alice shuts it down
    Then the deployment becomes one of Completed, Failed
    And nothing of it is left

  @pending @needs:tree-supervision
  Scenario: Only the failed allocation is started again (one_for_one)
    Then "one.breaks" was started 2 times and "two.stays" 1 time

  @pending @needs:tree-supervision
  Scenario: All allocations are started again (one_for_all)
    Then "one.breaks" was started 2 times and "two.stays" 2 times

  @pending @needs:tree-supervision
  Scenario: The failed allocation and those started after it are started again (rest_for_one)
    Then "one.breaks" was started 2 times and "two.stays" 2 times

  @pending @needs:tree-supervision
  Scenario: A node that fails is started again on the same machine (restart)
    Then its node "one" runs on Bob

  @pending @needs:tree-supervision
  Scenario: A node that fails is deployed on another machine (redeploy)
    Then its node "one" runs on Charlie

  @pending @needs:tree-supervision
  Scenario: What cannot be repaired is deployed again as a whole (escalation redeploy)
    Then the deployment becomes Running

  @pending @needs:tree-supervision
  Scenario: What cannot be repaired is taken down (escalation teardown)
    Then the deployment becomes Failed

  @pending @needs:standby-nodes
  Scenario: A standby takes over
    Then its node "one-standby-1" runs on Charlie
