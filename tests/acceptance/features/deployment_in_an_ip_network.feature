# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: deployment in an IP network
  Allocations of an ensemble reach each other wherever they run.

  @pending @needs:ensemble-network
  Scenario: Allocations communicate
    Then "first" reaches "second" by its address

  @pending @needs:ensemble-network
  Scenario: Communicate after redeploy
    Then "first" reaches "second" by its address

  @pending @needs:ensemble-network
  Scenario: Communicate by DNS name
    Then "first" reaches "second.internal"

  @pending @needs:ensemble-network
  Scenario: By DNS name after redeploy
    Then "first" reaches "second.internal"

  @pending @needs:ensemble-network
  Scenario: SSH into an allocation
    Then Alice opens a shell in "first"
