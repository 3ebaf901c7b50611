# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
@fresh
Feature: organisation management
  Nodes join organisations by invitation, and trust each other as far as the organisation lets them.

  Background:
    Given these nodes:
      | name    | role     |
      | Alice   | stranger |
      | Bob     | stranger |
      | Charlie | stranger |
    And Alice is connected to Bob
    And Charlie is connected to Bob

  @quick
  Scenario: Unauthorised attempt to join a private organisation
    Given the private organisation "club" invites Alice
    When Charlie tries to join with this invitation
    Then joining is refused: "for somebody else"
    And Charlie is in no organisation
    When Charlie says hello to Bob
    Then nobody answers

  Scenario: Create a private organisation
    Given the private organisation "club" invites Alice, Bob
    When Alice joins with this invitation
    And Bob joins with this invitation
    And Alice says hello to Bob
    Then Alice is answered by Bob

  Scenario: Join a public organisation
    Given the public organisation "fair" invites everybody
    When Charlie joins with this invitation
    And Bob joins with this invitation
    And Charlie says hello to Bob
    Then Charlie is answered by Bob

  @quick
  Scenario: Join a private organisation
    Given the private organisation "club" invites Alice, Bob
    When Bob joins with this invitation
    And Alice says hello to Bob
    Then nobody answers
    When Alice joins with this invitation
    And Alice says hello to Bob
    Then Alice is answered by Bob

  Scenario: View organisations
    Given the private organisation "club" invites Alice
    And Alice joins with this invitation
    And the public organisation "fair" invites everybody
    And Alice joins with this invitation
    Then Alice's capabilities show the organisations "club", "fair"
    And Bob is in no organisation
