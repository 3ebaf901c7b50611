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

  # Bob and Carol are 8 ms from each other, Dave is 88 ms from both.
  @bed:distances
  Scenario: Edge constraint (RTT/bandwidth) respected
    Given these nodes:
      | name    | role         |
      | Alice   | orchestrator |
      | Bob     | provider     |
      | Carol   | provider     |
      | Dave    | provider     |
    And they are members of the organisation "nunet"
    And a job with these allocations:
      | node | name   | type    | runs       |
      | one  | first  | service | sleep 1000 |
      | two  | second | service | sleep 1000 |
    And the way between "one" and "two" takes at most 50 ms
    When Alice deploys it
    Then the deployment becomes Running
    And its nodes run on Bob and Carol
    And the providers hold exactly what it asked for
    When Alice shuts it down
    Then the deployment becomes Completed
    And nothing of it is left

  # Charlie's line carries 3 Mbit/s.
  @bed:distances
  Scenario: Edge constraint (bandwidth) respected
    Given these nodes:
      | name    | role         |
      | Alice   | orchestrator |
      | Bob     | provider     |
      | Carol   | provider     |
      | Charlie | provider     |
    And they are members of the organisation "nunet"
    And a job with these allocations:
      | node | name   | type    | runs       |
      | one  | first  | service | sleep 1000 |
      | two  | second | service | sleep 1000 |
    And the way between "one" and "two" carries at least 6 Mbit/s
    When Alice deploys it
    Then the deployment becomes Running
    And its nodes run on Bob and Carol
    When Alice shuts it down
    Then the deployment becomes Completed
    And nothing of it is left

  @bed:distances
  Scenario: Edge constraint that no machines keep
    Given these nodes:
      | name    | role         |
      | Alice   | orchestrator |
      | Bob     | provider     |
      | Dave    | provider     |
    And they are members of the organisation "nunet"
    And a job with these allocations:
      | node | name   | runs       |
      | one  | first  | echo never |
      | two  | second | echo never |
    And the way between "one" and "two" takes at most 50 ms
    When Alice deploys it
    Then the deployment becomes Failed within 90 s
    And its error says "nodes “one” and “two” need a round trip of at most 50 ms, but each machine for “one” is at least 8"
    And nothing of it is left

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

  Scenario: What a job requires besides resources respected
    Given these nodes:
      | name  | role         | says                                             |
      | Alice | orchestrator |                                                  |
      | Bob   | provider     | {"price": "0.4 NTX", "libraries": ["cuda=11.8"]} |
      | Carol | provider     | {"price": "0.4 NTX", "libraries": ["cuda=12.2"]} |
    And they are members of the organisation "nunet"
    And a job with these allocations:
      | node | name | requires                                          | runs      |
      | here | main | {"price": "0.5 NTX", "libraries": ["cuda >= 12"]} | echo here |
    When Alice deploys it
    Then the deployment becomes Completed
    And it ran on Carol
    And Bob refuses it: requirement_not_met
    And nothing of it is left

  Scenario: What a job requires besides resources that nobody has
    Given these nodes:
      | name  | role         | says                                             |
      | Alice | orchestrator |                                                  |
      | Bob   | provider     | {"price": "0.4 NTX", "libraries": ["cuda=11.8"]} |
      | Carol | provider     | {"price": "2 NTX", "libraries": ["cuda=13.0"]}   |
    And they are members of the organisation "nunet"
    And a job with these allocations:
      | node | name | requires                                          | runs      |
      | here | main | {"price": "0.5 NTX", "libraries": ["cuda >= 12"]} | echo here |
    When Alice deploys it
    Then Bob refuses it: requirement_not_met
    And Alice is told why Bob does not run it: "library cuda 11.8 of >= 12"
    And Alice is told why Carol does not run it: "too dear: 2 NTX an hour of at most 0.5 NTX an hour"
    And the deployment does not run
    And nothing of it is left
