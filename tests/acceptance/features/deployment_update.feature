# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: deployment update
  A running deployment is changed without touching what stays.

  Background:
    Given these nodes:
      | name    | role         |
      | Alice   | orchestrator |
      | Bob     | provider     |
      | Charlie | provider     |
    And they are members of the organisation "nunet"

  @pending @needs:deployment-update
  Scenario: Add a node
    When Alice deploys a service that runs "sleep 1000" on Bob
    And Alice adds the node "two" to it
    Then "two.second" runs and "here.main" was never touched

  @pending @needs:deployment-update
  Scenario: Remove a node
    When Alice removes the node "two" from it
    Then "two.second" has ended and "one.first" was never touched

  @pending @needs:deployment-update
  Scenario: Add an allocation
    When Alice adds the allocation "second" to the node "here"
    Then "here.second" runs and "here.main" was never touched

  @pending @needs:deployment-update
  Scenario: Remove an allocation
    When Alice removes the allocation "second" from the node "here"
    Then "here.second" has ended and "here.main" was never touched

  # Until then nobody is led to believe that something was changed.
  Scenario: An update is refused as long as there is none
    When Alice deploys a service that runs "sleep 1000" on Bob
    Then the deployment becomes Running
    And updating it is refused: "not supported yet"
    And the deployment is still Running
