# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: NAT
  Nodes that nobody can dial are reached through others, and directly where their NATs let them.

  Scenario Outline: Two nodes behind different NATs: <kind>
    Given all nodes of the bed are up and members of one organisation
    And Bob takes no part in any network
    Then dialling Bob at the addresses of his home fails for Alice
    When Bob joins the network again
    Then Bob knows that he is behind a NAT, and tells of a relay
    When Alice dials Bob by his peer ID alone
    Then Alice is connected to Bob <way>
    When Alice deploys a task that runs "echo through" on Bob
    Then the deployment becomes Completed
    And the output of "here.main" is "through"

    @bed:two-nats-cone
    Examples: endpoint-independent
      | kind | way      |
      | cone | directly |

    @bed:two-nats-symmetric
    Examples: endpoint-dependent
      | kind      | way             |
      | symmetric | through a relay |
