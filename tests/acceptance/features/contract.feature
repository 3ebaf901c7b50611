# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: contract
  Work that a contract covers.

  @pending @needs:contracts
  Scenario: Create a contract
    When Alice creates a contract with Bob at Charlie
    Then the contract has a DID and Bob sees it

  @pending @needs:contracts
  Scenario: Deploy under a signed contract
    When Alice deploys under the signed contract
    Then the contract becomes active

  @fresh
  Scenario: Deploy without a signed contract
    Given these nodes:
      | name  | role         |
      | Alice | orchestrator |
      | Bob   | provider     |
    And they are members of the organisation "nunet"
    And Bob runs only what a contract covers
    When Alice deploys a task that runs "echo never" on Bob
    Then Bob refuses it: missing_contracts
    And the deployment does not run
    And nothing of it is left

  @pending @needs:contracts
  Scenario: Contract completed by one side
    When Alice completes the contract
    Then Bob sees it completed

  @pending @needs:contracts
  Scenario: Contract terminated by one side
    When Alice terminates the contract
    Then Bob sees it terminated
