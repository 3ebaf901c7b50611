# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: subnet
  The network of an ensemble.

  @pending @needs:ensemble-network
  Scenario: Two services on different hosts talk inside one subnet
    Given a web server "web" on Charlie
    And a client of it on Bob
    When Alice deploys it
    Then the client's request is answered

  @pending @needs:ensemble-network
  Scenario: Same subnet after restart
    When Bob's daemon is killed
    And Bob's daemon starts
    Then the client's request is answered
