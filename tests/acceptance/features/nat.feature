# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
@nat
Feature: NAT
  Nodes that nobody can dial are reached through others, and directly where their NATs let them.

  @pending @needs:testbed
  Scenario: Two nodes behind different NATs
    Given Bob and Carol are behind different NATs
    Then a direct dial of Alice to Bob fails
