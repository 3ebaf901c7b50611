# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: deployment operations
  What an orchestrator can ask about its deployments, and do with them, now and after a restart.

  Background:
    Given these nodes:
      | name    | role         |
      | Alice   | orchestrator |
      | Bob     | provider     |
      | Charlie | provider     |
    And they are members of the organisation "nunet"

  Scenario Outline: History survives orchestrator restart: task, <status>
    Given a job with these allocations:
      | node | name | type | runs      |
      | here | main | task | echo done |
    And the job is made to stay <status>
    When Alice deploys it
    Then the deployment becomes <status>
    When Alice's daemon is killed
    And the job may go on
    And Alice's daemon starts
    Then Alice lists the deployment as <status> or later
    And the deployment becomes Completed
    And the output of "here.main" is "done"
    And nothing of it is left

    @quick
    Examples: ended
      | status    |
      | Completed |

    Examples: under way
      | status       |
      | Running      |
      | Committing   |
      | Provisioning |

  Scenario Outline: History survives restart: service, <status>
    Given a job with these allocations:
      | node | name | type    | runs                            |
      | here | main | service | echo up; while true; do sleep 1; done |
    And the job is made to stay <status>
    When Alice deploys it
    Then the deployment becomes <status>
    When Alice's daemon is killed
    And the job may go on
    And Alice's daemon starts
    Then Alice lists the deployment as <status> or later
    And the deployment becomes Running
    And the providers hold exactly what it asked for
    When Alice shuts it down
    Then the deployment becomes Completed
    And nothing of it is left

    @quick
    Examples: running
      | status  |
      | Running |

    Examples: on the way
      | status       |
      | Committing   |
      | Provisioning |

  @quick
  Scenario: Prune deployments
    When Alice deploys a task that runs "echo one" as "done"
    Then the deployment becomes Completed
    When Alice deploys a task that runs "exit 3" as "failed"
    Then the deployment becomes Failed
    When Alice deploys a service that runs "sleep 1000" as "alive"
    Then the deployment becomes Running
    When Alice prunes her deployments
    Then Alice lists only "alive"
    And the deployment is still Running

  Scenario: List active deployments
    When Alice deploys a task that runs "echo one" as "done"
    Then the deployment becomes Completed
    When Alice deploys a service that runs "sleep 1000" as "first"
    Then the deployment becomes Running
    When Alice deploys a service that runs "sleep 1000" as "second"
    Then the deployment becomes Running
    And Alice lists only "first, second" as Running
    And Alice lists only "done" as Completed
    And Alice lists only "done, first, second"

  Scenario: View deployment status
    When Alice deploys a service that runs "sleep 1000" on Bob
    Then the deployment becomes Running
    And its status tells of "here.main" that it is running with 0.25 cores
    And its status with usage tells how much memory "here.main" takes
    When Alice shuts it down
    Then the deployment becomes Completed
    And nothing of it is left

  Scenario: View manifest
    Given a job with these allocations:
      | node | name   | type    | peer    | runs       |
      | one  | first  | service | Bob     | sleep 1000 |
      | two  | second | service | Charlie | sleep 1000 |
    When Alice deploys it
    Then the deployment becomes Running
    And its manifest is complete
    And its node "one" runs on Bob
    And its node "two" runs on Charlie
    When Alice shuts it down
    Then the deployment becomes Completed
    And its manifest can still be read

  Scenario: View logs
    Given a job with these allocations:
      | node | name | type    | peer | runs                                           |
      | here | main | service | Bob  | echo to out; echo to err >&2; exec sleep 1000 |
    When Alice deploys it
    Then the deployment becomes Running
    And Alice can read "to out" in the output of "here.main" while it runs
    And Alice can read "to err" in the errors of "here.main" while it runs
    When Alice shuts it down
    Then the deployment becomes Completed
    And the output of "here.main" is "to out"

  # There is no command for it: who wants it again deploys the same job again.
  Scenario: Restart a failed deployment
    Given a job with these allocations:
      | node | name | peer | volume | runs                                |
      | here | main | Bob  | store  | cat /store/input \|\| { date > /store/input; exit 7; } |
    When Alice deploys it
    Then the deployment becomes Failed
    And its error says "7"
    And nothing of it is left
    When Alice deploys it
    Then the deployment becomes Completed
    And nothing of it is left

  @quick
  Scenario: Shut down a deployment
    Given a job with these allocations:
      | node | name   | type    | peer    | runs       |
      | one  | first  | service | Bob     | sleep 1000 |
      | two  | second | service | Charlie | sleep 1000 |
    When Alice deploys it
    Then the deployment becomes Running
    And the providers hold exactly what it asked for
    When Alice shuts it down
    Then the deployment becomes Completed
    And nothing of it is left
