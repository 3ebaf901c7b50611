# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: cardano
  An application of others, deployed from its job files.

  @pending @needs:application-images @needs:ensemble-network
  Scenario: Deploy a block-producer node
    When Alice deploys the application "cardano-block-producer"
    Then the deployment becomes Running

  @pending @needs:application-images @needs:ensemble-network
  Scenario: Deploy a relay node
    When Alice deploys the application "cardano-relay"
    Then the deployment becomes Running
