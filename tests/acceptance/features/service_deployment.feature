# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: service deployment
  A service runs until it is shut down, and answers whoever asks it.

  Background:
    Given these nodes:
      | name    | role         |
      | Alice   | orchestrator |
      | Bob     | provider     |
      | Charlie | provider     |
    And they are members of the organisation "nunet"

  Scenario Outline: Web server service on <where>
    Given a web server "web" on <where>
    When Alice deploys it
    Then the deployment becomes Running
    And it runs on one of <hosts>
    And the providers hold exactly what it asked for
    And "web" answers Alice with status 200 and "It works"
    When Alice shuts it down
    Then the deployment becomes Completed
    And "web" answers nobody any more
    And the output of "front.web" contains "web server started"
    And nothing of it is left

    Examples: in a sandbox
      | where     | hosts        |
      | any peer  | Bob, Charlie |

    @quick
    Examples: in a sandbox, targeted
      | where | hosts |
      | Bob   | Bob   |

  Scenario: Send requests to a service
    Given a web server "web" on Bob
    When Alice deploys it
    Then the deployment becomes Running
    And "web" answers 20 requests of Alice
    And "web" answers 20 requests of Charlie
    When Alice shuts it down
    Then the deployment becomes Completed
    And nothing of it is left

  Scenario: Redeploy without DNS
    Given a web server "web" on Bob
    When Alice deploys it
    Then the deployment becomes Running
    And "web" answers Alice with status 200 and "It works"
    When Alice shuts it down
    Then the deployment becomes Completed
    When Alice deploys it
    Then the deployment becomes Running
    And "web" answers Alice with status 200 and "It works"
    When Alice shuts it down
    Then the deployment becomes Completed
    And nothing of it is left

  # The field's docker_nginx.yaml: what its ports lead to is the network of the ensemble.
  @pending @needs:ensemble-network
  Scenario: Web server service in a container
    Given jobs run in a docker
    And a web server "web" on Bob
    When Alice deploys it
    Then the deployment becomes Running
    And "web" answers Alice with status 200 and "It works"

  @pending @needs:ensemble-network
  Scenario: Reach services by DNS names
    Given a web server "web" on Bob
    And a web server "other" on Charlie
    When Alice deploys it
    Then the deployment becomes Running
    And "web" reaches "http://other.internal"

  @pending @needs:ensemble-network
  Scenario: Redeploy with DNS
    Given a web server "web" on Bob
    And a web server "other" on Charlie
    When Alice deploys it
    And Alice shuts it down
    And Alice deploys it
    Then the deployment becomes Running
    And "web" reaches "http://other.internal"
