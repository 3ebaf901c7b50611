# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: deployment by location
  A job runs where it may, and nowhere else.

  Background:
    Given these nodes:
      | name  | role         | location |
      | Alice | orchestrator |          |
      | Carol | provider     | EU/DE    |
      | Dave  | provider     | AS/CH    |
    And they are members of the organisation "nunet"

  Scenario Outline: Runs only on the eligible node: <where>
    Given jobs run in a <executor>
    And a job with these allocations:
      | node | name | in      | runs                    |
      | here | main | <where> | echo Hello from Docker! |
    When Alice deploys it
    Then the deployment becomes Completed
    And it ran on <host>
    And the output of "here.main" contains "Hello from Docker!"
    And nothing of it is left

    @quick
    Examples: in a sandbox
      | executor | where | host |
      | process  | AS    | Dave |

    Examples: more in a sandbox
      | executor | where | host  |
      | process  | EU/DE | Carol |

    @engine
    Examples: in a container
      | executor | where | host  |
      | docker   | AS    | Dave  |
      | docker   | EU/DE | Carol |

  Scenario: Two nodes, two regions
    Given a job with these allocations:
      | node | name   | in    | runs        |
      | east | first  | AS    | echo first  |
      | west | second | EU/DE | echo second |
    And the job waits to be let go
    When Alice deploys it
    Then the deployment becomes Running
    And its node "east" runs on Dave
    And its node "west" runs on Carol
    And the providers hold exactly what it asked for
    When the job is let go
    Then the deployment becomes Completed
    And nothing of it is left

  # A deployment tries as long as its message lives, a minute, less what is kept for its end.
  Scenario Outline: No matching location → failure: <where>
    Given a job with these allocations:
      | node | name | in      | runs       |
      | here | main | <where> | echo never |
    When Alice deploys it
    Then Carol refuses it: location_constraints_not_satisfied
    And Dave refuses it: location_constraints_not_satisfied
    And the deployment becomes Failed within 90 s
    And its error says "no machine offered to run node “here”"
    And nothing of it is left

    Examples:
      | where         |
      | AF/ZA         |
      | AF/ZA + NA/US |
