# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: supervision
  Allocations that say how they are are looked at, and started again when they are unwell for long.

  Background:
    Given these nodes:
      | name  | role         |
      | Alice | orchestrator |
      | Bob   | provider     |
    And they are members of the organisation "nunet"

  Scenario: Three failed health checks restart an allocation
    Given a service that is well as long as it is told so, looked at every second
    When Alice deploys it
    Then the deployment becomes Running
    And it was started 1 time
    When it falls ill
    Then it is started again after 3 failed health checks
    And the deployment is still Running

  Scenario: A success in between starts the count again
    Given a service that is well as long as it is told so, looked at every second
    When Alice deploys it
    Then the deployment becomes Running
    When it fails two health checks and recovers, 3 times
    Then it was started 1 time
    And the deployment is still Running

  @quick
  Scenario: What is unwell is reported
    Given a service that is well as long as it is told so, looked at every second
    When Alice deploys it
    Then the deployment becomes Running
    And its status reports it well
    When it falls ill
    Then its status reports it unwell

  Scenario: A supervisor's strategy is followed
    Given a supervised job with these allocations:
      | node | name   | type    | peer | runs                                                       |
      | one  | breaks | service | Bob  | [ $STARTS -gt 1 ] \|\| { sleep 1; exit 9; }; exec sleep 1000 |
      | two  | stays  | service | Bob  | exec sleep 1000                                            |
      | two  | apart  | service | Bob  | exec sleep 1000                                            |
    And a supervisor of "breaks, stays" with the strategy AllForOne
    When Alice deploys it
    Then the deployment becomes Running
    And "one.breaks" was started 2 times and "two.stays" 2 times
    And "two.apart" was started 1 time
    And the deployment is still Running
    When Alice shuts it down
    Then nothing of it is left
