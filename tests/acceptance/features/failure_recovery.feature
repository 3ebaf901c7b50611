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

  Scenario: Only the failed allocation is started again (one_for_one)
    Given a supervised job with these allocations:
      | node | name   | type    | peer    | recovery    | runs                                              |
      | one  | breaks | service | Bob     | one_for_one | [ $STARTS -gt 1 ] \|\| exit 9; exec sleep 1000 |
      | two  | stays  | service | Charlie |             | exec sleep 1000                                   |
    When Alice deploys it
    Then the deployment becomes Running
    And "one.breaks" was started 2 times and "two.stays" 1 time
    And "one.breaks" really runs
    And the deployment is still Running
    When Alice shuts it down
    Then nothing of it is left

  Scenario: All allocations are started again (one_for_all)
    Given a supervised job with these allocations:
      | node | name   | type    | peer    | recovery    | runs                                                       |
      | one  | breaks | service | Bob     | one_for_all | [ $STARTS -gt 1 ] \|\| { sleep 1; exit 9; }; exec sleep 1000 |
      | two  | stays  | service | Charlie |             | exec sleep 1000                                            |
    When Alice deploys it
    Then the deployment becomes Running
    And "one.breaks" was started 2 times and "two.stays" 2 times
    And "two.stays" really runs
    And the deployment is still Running
    When Alice shuts it down
    Then nothing of it is left

  Scenario: The failed allocation and those started after it are started again (rest_for_one)
    Given a supervised job with these allocations:
      | node | name   | type    | peer    | recovery     | runs                                                       |
      | one  | first  | service | Bob     |              | exec sleep 1000                                            |
      | two  | breaks | service | Charlie | rest_for_one | [ $STARTS -gt 1 ] \|\| { sleep 1; exit 9; }; exec sleep 1000 |
      | two  | later  | service | Charlie |              | exec sleep 1000                                            |
    And "later" is started after "breaks"
    When Alice deploys it
    Then the deployment becomes Running
    And "two.breaks" was started 2 times and "two.later" 2 times
    And "one.first" was started 1 time
    And the deployment is still Running
    When Alice shuts it down
    Then nothing of it is left

  Scenario: A node that fails is started again on the same machine (restart)
    Given a supervised job with these allocations:
      | node | name | type    | peer | repair  | runs            |
      | one  | main | service | Bob  | restart | exec sleep 1000 |
    When Alice deploys it
    Then the deployment becomes Running
    And "one.main" was started 1 time
    When the machine of "one" dies
    And that machine returns
    Then "one.main" was started 2 times
    And "one.main" really runs
    And its node "one" runs on Bob
    And the deployment is still Running
    When Alice shuts it down
    Then nothing of it is left

  Scenario: A node that fails is deployed on another machine (redeploy)
    Given a supervised job with these allocations:
      | node | name | type    | repair   | runs            |
      | one  | main | service | redeploy | exec sleep 1000 |
    When Alice deploys it
    Then the deployment becomes Running
    And "one.main" really runs
    When the machine of "one" dies
    Then its node "one" runs on another machine
    And "one.main" was started 2 times
    And the deployment becomes Running
    When that machine returns
    Then that machine gives back what it had of it
    And "one.main" was started 2 times
    When Alice shuts it down
    Then nothing of it is left

  Scenario: A machine that is frozen for a while has nothing left to do when it goes on
    Given a supervised job with these allocations:
      | node | name | type    | repair   | runs            |
      | one  | main | service | redeploy | exec sleep 1000 |
    When Alice deploys it
    Then the deployment becomes Running
    And "one.main" really runs
    When the daemon of the machine of "one" is stopped by SIGSTOP
    Then its node "one" runs on another machine
    When it goes on
    Then that machine gives back what it had of it
    And the deployment becomes Running
    And "one.main" really runs
    When Alice shuts it down
    Then nothing of it is left

  Scenario: What must not run twice is moved only when it has ended where it was
    Given machines can be cut off
    And a supervised job with these allocations:
      | node | name | type    | repair   | single | runs                                                               |
      | one  | main | service | redeploy | yes    | while true; do date +%s%N >> /gate/main.ticks; sleep 0.1; done |
    When Alice deploys it
    Then the deployment becomes Running
    And "one.main" really runs
    When the machine of "one" is cut off
    Then its node "one" runs on another machine
    And "main" never ran on two machines at once
    When it is reached again
    Then that machine gives back what it had of it
    And "main" never ran on two machines at once
    When Alice shuts it down
    Then nothing of it is left

  Scenario: What cannot be repaired is deployed again as a whole (escalation redeploy)
    Given a supervised job with these allocations:
      | node | name   | type    | peer    | recovery    | runs                                              |
      | one  | breaks | service | Bob     | one_for_one | [ $STARTS -gt 2 ] \|\| exit 9; exec sleep 1000 |
      | two  | stays  | service | Charlie |             | exec sleep 1000                                   |
    And nothing is repaired more than 1 time
    And what cannot be repaired leads to a redeploy
    When Alice deploys it
    Then "one.breaks" was started 3 times and "two.stays" 2 times
    And the deployment becomes Running
    And "one.breaks" really runs
    And "two.stays" really runs
    When Alice shuts it down
    Then nothing of it is left

  Scenario: What cannot be repaired is taken down (escalation teardown)
    Given a supervised job with these allocations:
      | node | name   | type    | peer    | recovery    | runs            |
      | one  | breaks | service | Bob     | one_for_one | exit 9          |
      | two  | stays  | service | Charlie |             | exec sleep 1000 |
    And nothing is repaired more than 1 time
    And what cannot be repaired leads to a teardown
    When Alice deploys it
    Then the deployment becomes Failed
    And "one.breaks" was started 2 times and "two.stays" 1 time
    And nothing of it is left

  Scenario: A standby takes over
    Given a supervised job with these allocations:
      | node | name | type    | standbys | runs            |
      | one  | main | service | 1        | exec sleep 1000 |
    When Alice deploys it
    Then the deployment becomes Running
    And "one.main" really runs
    And the node "one-standby-1" waits as a standby on another machine than "one"
    When the machine of "one" dies
    Then "one-standby-1.main" really runs
    And "one.main" was started 2 times
    And the deployment is still Running
    When that machine returns
    Then that machine gives back what it had of it
    When Alice shuts it down
    Then nothing of it is left
