# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: NuNet documentation AI agent
  An application with a user interface, deployed from its job files.

  @pending @needs:application-images @needs:ensemble-network
  Scenario: Publicly reachable agent
    When Alice deploys the application "documentation-agent"
    Then it answers from everywhere

  @pending @needs:application-images @needs:ensemble-network
  Scenario: Private agent
    When Alice deploys the application "documentation-agent"
    Then it answers inside the ensemble only

  @pending @needs:application-images @needs:ensemble-network
  Scenario: WebUI and API reachable
    When Alice deploys the application "documentation-agent"
    Then both its pages and its API answer
