# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: posemesh
  An application of others, deployed from its job files.

  @pending @needs:application-images @needs:ensemble-network
  Scenario: Deploy a DDS/DDNS-type node
    When Alice deploys the application "posemesh-dds"
    Then the deployment becomes Running

  @pending @needs:application-images @needs:ensemble-network
  Scenario: Deploy a relay node
    When Alice deploys the application "posemesh-relay"
    Then the deployment becomes Running
