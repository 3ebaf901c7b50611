# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: contract management
  The life of a contract.

  @pending @needs:contracts
  Scenario: Create a detailed contract
    When Alice creates a contract with every detail
    Then Bob sees every detail

  @pending @needs:contracts
  Scenario: Sign a contract
    When Bob signs the contract
    Then the contract is accepted

  @pending @needs:contracts
  Scenario: Execute contract and follow states until termination
    When Alice deploys under the contract and terminates it
    Then its states were draft, accepted, active, terminated

  @pending @needs:contracts
  Scenario: Recover contract state after failure
    When Charlie's daemon is killed
    And Charlie's daemon starts
    Then the contract is as it was
