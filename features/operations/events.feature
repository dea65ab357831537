@rest
Feature: What happened, and what happens
  Every event of every service can be read by whoever may audit the shop, and followed as it happens.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 5

  Scenario: The history of one stock
    When the merchant adjusts "shirt" by -2 because of "damage"
    Then the events of inventory about "shirt" are numbered, and the last one is of type souk.inventory.v1.StockAdjusted by "staff:admin"

  Scenario: All services together, page by page
    Given ann has 1 "shirt" in her cart
    Then all events of all services, read 3 at a time, come once each and by their time

  Scenario: Following what happens
    When the auditor follows the events of inventory from now on
    And the merchant adjusts "shirt" by 1 because of "delivery"
    Then the auditor hears of 1 event within 500 ms

  Scenario: A connection lost and found
    When the auditor follows the events of inventory from now on
    And the merchant adjusts "shirt" by 1 because of "delivery"
    Then the auditor hears of 1 event within 500 ms
    When the auditor's connection breaks
    And the merchant adjusts "shirt" by 2 because of "delivery"
    And the merchant adjusts "shirt" by 3 because of "delivery"
    And the auditor comes back
    Then the auditor hears of 2 events within 500 ms
    And the auditor has heard of every event once

  Scenario: The server stops while somebody follows
    When the auditor follows the events of inventory from now on
    And the server is stopped
    Then the auditor's stream has ended as a whole

  Scenario Outline: Not everybody may know
    When somebody asks <request>
    Then it is answered 401

    Examples:
      | request                |
      | GET /v1/events         |
      | GET /v1/events/dead    |
      | GET /v1/sagas          |

  Scenario: Events that nobody refused
    Given ann has 1 "shirt" in her cart
    When ann checks out
    Then there are no dead letters
