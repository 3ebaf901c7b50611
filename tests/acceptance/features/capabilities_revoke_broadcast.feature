# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
@fresh
Feature: capabilities, revoked by broadcast
  A revocation that is broadcast reaches every node that trusts who revokes.

  Background:
    Given these nodes:
      | name    | role         |
      | Alice   | orchestrator |
      | Bob     | provider     |
      | Charlie | provider     |
    And they are members of the organisation "nunet", and spread what is revoked

  # Nodes that meet tell each other what is revoked as well; here it is told while they are connected.
  @quick
  Scenario: Revocation spread by broadcast stops access
    When Charlie says hello to Bob
    Then Charlie is answered by Bob
    When the organisation "nunet" revokes what it granted Charlie
    And Alice anchors the revocation and broadcasts it
    Then Bob learns of the revocation
    When Charlie says hello to Bob
    Then nobody answers
    # Charlie hears of it, too, sooner or later, and does not show the token any more then.
    And Bob refuses Charlie's message /public/hello: revoked or not-anchored
