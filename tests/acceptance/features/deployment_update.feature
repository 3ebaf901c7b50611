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
    When Alice deploys a service that runs "exec sleep 1000" on Bob
    And the deployment becomes Running

  @quick
  Scenario: Add a node
    When Alice adds the node "two" with "second" to it
    Then "two.second" runs
    And "here.main" was never touched
    And the log of Alice says that it was updated

  Scenario: Remove a node
    When Alice adds the node "two" with "second" to it
    And Alice removes the node "two" from it
    Then "two.second" is gone
    And "here.main" was never touched

  Scenario: Add an allocation
    When Alice adds the allocation "second" to the node "here"
    Then "here.second" runs
    And "here.main" was never touched

  Scenario: Remove an allocation
    When Alice adds the allocation "second" to the node "here"
    And Alice removes the allocation "second" from the node "here"
    Then "here.second" is gone
    And "here.main" was never touched
    And what "here.second" wrote before is still to be read

  Scenario: Change an allocation
    When Alice adds the allocation "second" to the node "here"
    And Alice lets "second" run "exec sleep 2000"
    Then "here.second" was started again
    And "here.main" was never touched
    And what "here.second" wrote before is still to be read

  Scenario: Move a node to another machine
    When Alice moves the node "here" to Charlie
    Then "here.main" was started again
    And it runs on Charlie

  @quick
  Scenario: An update that cannot run is undone
    When Alice updates it with the allocation "bad", which cannot start, and another "main"
    Then the update is undone, and "here.bad" is why
    And "here.bad" is gone
    And "here.main" was started again

  Scenario: What cannot change while it runs is refused
    When Alice asks for another port of it
    Then the update is refused: "nodes.here.ports"
    And "here.main" was never touched
    And the deployment is still Running
