# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: system and peer status
  Who is there, how far away, and how is this node.

  Background:
    Given these nodes:
      | name    | role         |
      | Alice   | orchestrator |
      | Bob     | provider     |
      | Charlie | provider     |
    And they are members of the organisation "nunet"

  @quick
  Scenario: Broadcast hello
    When Alice broadcasts hello
    Then Bob and Charlie answer with their DIDs

  @quick
  Scenario: Connect to a peer
    Given Alice and Bob have never met, and are alone
    When Alice connects to Bob at his address
    Then Alice's connected peers are Bob

  Scenario: Connected list shows active peers only
    Then Alice's connected peers are Bob, Charlie
    When Charlie's daemon stops
    Then Alice's connected peers are Bob

  @quick
  Scenario: Ping a peer
    Then Bob answers Alice's ping in at least 1 ms
    When Bob's daemon stops
    Then Bob does not answer Alice's ping

  Scenario: View peers in DHT
    Then Alice finds Bob, Charlie in her routing table

  @quick
  Scenario: Service status (version, onboarding, DID)
    Then Alice's status tells her DID, and that she is not onboarded
    And Bob's status tells his DID, and that he is onboarded
    And Alice sees Bob's version, as his program tells it

  Scenario: View connected peers
    Then Alice's connected peers are Bob, Charlie
    And Alice's network knows Bob, Charlie by their DIDs
