# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: deployment cancellation
  A deployment can be given up in any state, also when a machine does not answer.

  Background:
    Given these nodes:
      | name    | role         |
      | Alice   | orchestrator |
      | Bob     | provider     |
      | Charlie | provider     |
    And they are members of the organisation "nunet"

  Scenario: Cancel when a peer is unavailable
    Given a job with these allocations:
      | node | name   | type    | peer    | runs       |
      | one  | first  | service | Bob     | sleep 1000 |
      | two  | second | service | Charlie | sleep 1000 |
    When Alice deploys it
    Then the deployment becomes Running
    When Bob's daemon is killed
    And Alice shuts it down
    Then the deployment becomes Completed within 90 s
    And Charlie is idle
    When Bob's daemon starts
    Then Bob is idle within 90 s
    And nothing of it is left

  @quick
  Scenario: Cancel an already completed deployment
    When Alice deploys a task that runs "echo done" on Bob
    Then the deployment becomes Completed
    And shutting it down is refused: "deployment is not running"
    And the deployment is still Completed

  Scenario Outline: Cancel an ongoing deployment: <status>
    Given a job with these allocations:
      | node | name | type    | runs       |
      | here | main | service | sleep 1000 |
    And the job is made to stay <status>
    When Alice deploys it
    Then the deployment becomes <status>
    When Alice shuts it down, and the job may go on
    Then the deployment becomes Completed
    And nothing of it is left

    @quick
    Examples: provisioning
      | status       |
      | Provisioning |

    Examples: others
      | status     |
      | Preparing  |
      | Committing |
      | Running    |
