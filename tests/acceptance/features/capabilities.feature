# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
@fresh
Feature: capabilities
  Who was granted a right may use it, until it is revoked.

  Background:
    Given these nodes:
      | name  | role         |
      | Alice | orchestrator |
      | Bob   | provider     |
    And they are members of the organisation "nunet"

  @quick
  Scenario: Revoking a granted capability blocks further deployment
    When Alice deploys a task that runs "echo allowed" on Bob
    Then the deployment becomes Completed
    And nothing of it is left
    When the organisation "nunet" revokes what it granted Alice
    And Bob anchors the revocation
    And Alice deploys a task that runs "echo forbidden" on Bob
    Then Bob refuses Alice's message /dms/deployment/request: revoked
    And the deployment does not run
    And nothing of it is left
