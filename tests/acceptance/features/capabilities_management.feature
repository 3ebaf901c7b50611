# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
@fresh
Feature: capabilities management
  Rights are granted, passed on, anchored, listed and taken back.

  Background:
    Given these nodes:
      | name    | role     |
      | Alice   | stranger |
      | Bob     | stranger |
      | Charlie | stranger |
    And Alice is connected to Bob
    And Charlie is connected to Bob

  @quick
  Scenario: Permit an authorised action
    Given Bob grants Alice /public
    When Alice anchors it as provide
    And Alice says hello to Bob
    Then Alice is answered by Bob

  @quick
  Scenario: Stop an unauthorised action
    When Alice says hello to Bob
    Then nobody answers
    And Bob refuses Alice's message /public/hello: not-anchored

  Scenario: Anchor a require token
    Given the organisation "nunet" grants Alice /public
    And Alice anchors it as provide
    When Alice says hello to Bob
    Then nobody answers
    Given Bob grants the organisation "nunet" /public
    When Bob anchors it as require
    And Alice says hello to Bob
    Then Alice is answered by Bob

  Scenario: Anchor a provide token
    Given Bob grants Alice /public
    When Alice says hello to Bob
    Then nobody answers
    When Alice anchors it as provide
    And Alice says hello to Bob
    Then Alice is answered by Bob

  Scenario: Anchor a root
    When Bob anchors Alice as root
    And Alice asks Bob for /dms/node/peers/self
    Then Alice is answered by Bob

  Scenario: Delegate a capability
    Given Bob grants Alice /public
    And Alice anchors it as provide
    When Alice delegates /public to Charlie
    And Charlie anchors it as provide
    And Charlie says hello to Bob
    Then Charlie is answered by Bob

  Scenario: What was not granted cannot be delegated
    Given Bob grants Alice /public/hello
    And Alice anchors it as provide
    Then delegating /dms to Charlie is refused to Alice

  Scenario: Grant a capability
    Given Bob grants Alice /public/hello
    And Alice anchors it as provide
    When Alice says hello to Bob
    Then Alice is answered by Bob
    When Alice asks Bob for /public/status
    Then nobody answers

  @quick
  Scenario: List capabilities
    Given Bob grants Alice /public
    And Alice anchors it as provide
    And Bob anchors Alice as root
    Then Alice's list of capabilities has the token under provide
    And Bob's list of capabilities has Alice under roots

  Scenario: Revoke a capability
    Given Bob grants Alice /public
    And Alice anchors it as provide
    When Alice says hello to Bob
    Then Alice is answered by Bob
    When Bob revokes it
    And Bob anchors the revocation
    And Alice says hello to Bob
    Then nobody answers
    And Bob refuses Alice's message /public/hello: revoked
