# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: deployment constraints
  What a job asks of a machine, and of the way between two, is respected.

  Background:
    Given these nodes:
      | name  | role         | location |
      | Alice | orchestrator |          |
      | Bob   | provider     |          |
      | Carol | provider     | EU/DE    |
    And they are members of the organisation "nunet"

  Scenario: Geographic constraint respected
    Given a job with these allocations:
      | node | name | in | runs      |
      | here | main | EU | echo here |
    When Alice deploys it
    Then the deployment becomes Completed
    And it ran on Carol
    And Bob refuses it: location_constraints_not_satisfied
    And nothing of it is left

  @pending @needs:edge-constraints
  Scenario: Edge constraint (RTT/bandwidth) respected
    Given a job with these allocations:
      | node | name   | type    | runs       |
      | one  | first  | service | sleep 1000 |
      | two  | second | service | sleep 1000 |
    And the way between "one" and "two" takes at most 50 ms
    When Alice deploys it
    Then the deployment becomes Running

  # Until then nobody is led to believe that they are kept.
  Scenario: Edge constraints are refused as long as they are not kept
    Given a job with these allocations:
      | node | name   | type    | runs       |
      | one  | first  | service | sleep 1000 |
      | two  | second | service | sleep 1000 |
    And the way between "one" and "two" takes at most 50 ms
    Then deploying it is refused to Alice: "edge constraints are not supported yet"

  Scenario: Minimum hardware respected
    Given Bob lends 1 core, a fifth of the memory and 2 GB of disk
    And Carol lends 1 core, a fifth of the memory and 6 GB of disk
    And a job with these allocations:
      | node | name | disk | runs      |
      | here | main | 4GiB | echo here |
    When Alice deploys it
    Then the deployment becomes Completed
    And it ran on Carol
    And Bob refuses it: resource
    And nothing of it is left

  Scenario: Minimum hardware that nobody has
    Given Bob lends 1 core, a fifth of the memory and 2 GB of disk
    And Carol lends 1 core, a fifth of the memory and 6 GB of disk
    And a job with these allocations:
      | node | name | disk  | runs      |
      | here | main | 40GiB | echo here |
    When Alice deploys it
    Then Bob refuses it: resource
    And Alice is told why Bob does not run it: "too little disk"
    And Alice is told why Carol does not run it: "of 40 GiB"
    And the deployment does not run
    And nothing of it is left
