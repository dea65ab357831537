Feature: The books follow the shelf
  Units come, go, break and are counted. Promises outlive that.

  Scenario: A new product has no stock
    Given a product "shirt" at 19.90 EUR
    Then the stock of "shirt" is 0 on hand, 0 reserved, 0 allocated, 0 available
    When the merchant adjusts "shirt" by 10 because of "delivery"
    Then the stock of "shirt" is 10 on hand, 0 reserved, 0 allocated, 10 available

  Scenario: Not fewer than none
    Given a product "shirt" at 19.90 EUR with stock 2
    When the merchant adjusts "shirt" by -3 because of "damage"
    Then the merchant is told out_of_stock
    And the stock of "shirt" is 2 on hand, 0 reserved, 0 allocated, 2 available

  Scenario: What was promised broke
    Given a product "vase" at 40.00 EUR with stock 2
    And "vase" is pessimistic
    And ann has 2 "vase" in her cart
    When the merchant adjusts "vase" by -1 because of "damage"
    Then the stock of "vase" is 1 on hand, 2 reserved, 0 allocated, -1 available
    When bob puts 1 "vase" into his cart
    Then bob is told out_of_stock with 0 available
    When the merchant adjusts "vase" by 1 because of "delivery"
    Then the stock of "vase" is 2 on hand, 2 reserved, 0 allocated, 0 available

  Scenario: A cancelled order gives its units back
    Given a product "shirt" at 19.90 EUR with stock 2
    And ann has 2 "shirt" in her cart
    When ann checks out
    Then the stock of "shirt" is 2 on hand, 0 reserved, 2 allocated, 0 available
    When ann cancels her order
    Then the stock of "shirt" is 2 on hand, 0 reserved, 0 allocated, 2 available

  Scenario: The past can be asked for
    Given a product "shirt" at 19.90 EUR with stock 2
    When a moment passes, called "before"
    And the merchant adjusts "shirt" by 5 because of "delivery"
    Then the stock of "shirt" is 7 on hand, 0 reserved, 0 allocated, 7 available
    And the stock of "shirt" as of "before" was 2 on hand, 0 reserved, 0 allocated, 2 available
